import { expect } from 'chai';
import { ConnectionError } from '../../../../src/api/connection-error.ts';
import { asConnectionError, numberOf } from '../../../../src/targets/azure-sql/errors.ts';

const place = { step: 'login', host: 'shop.example', database: 'orders' } as const;
const told = (number: number, message = 'it said no') => Object.assign(new Error(message), { number });
const driver = (code: string, cause?: Error) => Object.assign(new Error('Failed to connect', { cause }), { code });
const node = (code: string) => Object.assign(new Error(code), { code });

describe('errors of Azure SQL', () => {
  for (const [title, error, kind, reason] of [
    ['a login that is refused', told(18456), 'waiting', 'NotEntraAdministrator'],
    ['a database that can’t be opened', told(4060), 'waiting', 'DatabaseNotFound'],
    ['the firewall', told(40615, "Client with IP address '203.0.113.9' is not allowed"), 'waiting', 'FirewallDenied'],
    ['a network without a rule', told(40914), 'waiting', 'FirewallDenied'],
    ['public access that is off', told(47073), 'waiting', 'PublicAccessDisabled'],
    ['a gateway that knows no such server', told(40532), 'waiting', 'WrongServer'],
    ['a database that is not available', told(40613), 'retry', 'DatabaseError'],
    ['a server that is busy', told(40501), 'retry', 'Throttled'],
    ['a name that does not resolve', driver('ESOCKET', node('ENOTFOUND')), 'waiting', 'PrivateDnsNotLinked'],
    ['a port that is closed', driver('ESOCKET', node('ECONNREFUSED')), 'waiting', 'Unreachable'],
    ['a certificate of another', driver('ESOCKET', node('ERR_TLS_CERT_ALTNAME_INVALID')), 'waiting', 'WrongServer'],
    ['a certificate of nobody that is trusted', driver('ESOCKET', node('SELF_SIGNED_CERT_IN_CHAIN')), 'waiting', 'Unreachable'],
    ['no TLS', driver('EENCRYPT'), 'waiting', 'Unreachable'],
    ['no answer', driver('ETIMEOUT'), 'waiting', 'Unreachable'],
  ] as const)
    it(`are told as what they mean at a login: ${title}`, () => expect(asConnectionError(error, place)).to.include({ kind, reason }));

  for (const [title, error, kind, reason] of [
    ['a deadlock', told(1205), 'retry', 'DatabaseError'],
    ['a lock that is held', told(1222), 'retry', 'DatabaseError'],
    ['a user who is there already', told(15023), 'retry', 'DatabaseError'],
    ['something that is gone', told(15151), 'retry', 'DatabaseError'],
    ['an identity that has a user', told(15063), 'waiting', 'IdentityInUse'],
    ['a trigger that rolled back', told(3609), 'waiting', 'DdlTriggerPresent'],
    ['a trigger that came in between', told(50951), 'waiting', 'DdlTriggerPresent'],
    ['something of a user that nobody knows', told(15284), 'waiting', 'DatabaseError'],
    ['modules that run as the user', told(15136), 'waiting', 'DefinerObjects'],
    ['a privilege that doesn’t fit', told(4606), 'stalled', 'PrivilegeUnknown'],
    ['what we may not do', told(229), 'stalled', 'DatabaseError'],
    ['no Entra on the engine', told(40530), 'waiting', 'EntraAuthenticationDisabled'],
    ['a fail-over', told(40197), 'retry', 'DatabaseError'],
    ['a statement without an answer', driver('ETIMEOUT'), 'retry', 'Unreachable'],
    ['a connection that broke off', driver('ESOCKET', node('ECONNRESET')), 'retry', 'Unreachable'],
    ['a stream that ended', new Error('unexpected end of message stream'), 'retry', 'Unreachable'],
    ['the end of a session', Object.assign(told(596), { class: 21 }), 'retry', 'Unreachable'],
    ['what nobody foresaw', told(99999), 'waiting', 'DatabaseError'],
  ] as const)
    it(`are told as what they mean of a statement: ${title}`, () =>
      expect(asConnectionError(error, { ...place, step: 'statement' })).to.include({ kind, reason }));

  it('name the address that the firewall refuses', () => {
    const { message } = asConnectionError(told(40615, "Client with IP address '203.0.113.9' is not allowed"), place);
    expect(message).to.include('203.0.113.9');
  });

  it('tell of the ports that a redirect needs', () => {
    const redirect = { host: 'x.tr1.westeurope1-a.worker.database.windows.net', port: 11_007 };
    const { message } = asConnectionError(driver('ETIMEOUT'), { ...place, redirect });
    expect(message).to.include('11000 to 11999').and.to.include('11007');
  });

  it('have the number of the first of several, and of what they were made from', () => {
    const several = new AggregateError([told(15151), told(3609)]);
    expect(numberOf(several)).to.equal(15151);
    expect(numberOf(asConnectionError(several, place))).to.equal(15151);
    expect(numberOf(driver('ESOCKET', node('ECONNRESET')))).to.equal(undefined);
  });

  it('are left as they are once they are told', () => {
    const error = new ConnectionError('retry', 'Throttled', 'later');
    expect(asConnectionError(error, place)).to.equal(error);
  });

  it('do not carry what turns text on a terminal', () => {
    expect(asConnectionError(told(99999, 'a\u202eb\u0000'), place).message).not.to.satisfy(
      (text: string) => text.includes('\u202e') || text.includes('\0'),
    );
  });
});
