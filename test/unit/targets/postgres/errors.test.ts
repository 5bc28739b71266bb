import { expect } from 'chai';
import { ConnectionError } from '../../../../src/api/connection-error.ts';
import { asConnectionError, sqlState } from '../../../../src/targets/postgres/errors.ts';

const place = { host: 'shop.postgres.database.azure.com', database: 'orders', login: 'operator' };

function driverError(code: string, message = 'something', rest: object = {}): Error {
  return Object.assign(new Error(message), { code, ...rest });
}

describe('errors of PostgreSQL', () => {
  const rows: readonly ['login' | 'statement', string, string, string, string][] = [
    ['login', 'ENOTFOUND', 'getaddrinfo ENOTFOUND', 'waiting', 'PrivateDnsNotLinked'],
    ['login', 'EAI_AGAIN', 'getaddrinfo EAI_AGAIN', 'waiting', 'PrivateDnsNotLinked'],
    ['login', 'ECONNREFUSED', 'connect ECONNREFUSED', 'waiting', 'Unreachable'],
    ['login', 'ETIMEDOUT', 'connect ETIMEDOUT', 'waiting', 'Unreachable'],
    ['login', '', 'timeout expired', 'waiting', 'Unreachable'],
    ['login', 'ECONNRESET', 'read ECONNRESET', 'retry', 'Unreachable'],
    ['statement', '', 'Connection terminated unexpectedly', 'retry', 'Unreachable'],
    ['statement', '', 'Query read timeout', 'retry', 'Unreachable'],
    ['login', 'SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate', 'waiting', 'Unreachable'],
    ['login', 'CERT_HAS_EXPIRED', 'certificate has expired', 'waiting', 'Unreachable'],
    ['login', 'ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames", 'waiting', 'WrongServer'],
    ['login', '', 'The server does not support SSL connections', 'waiting', 'Unreachable'],
    [
      'login',
      '28000',
      'no pg_hba.conf entry for host "20.1.2.3", user "operator", database "orders", SSL encryption',
      'waiting',
      'FirewallDenied',
    ],
    ['login', '28000', 'role "operator" is not permitted to log in', 'waiting', 'NotEntraAdministrator'],
    ['login', '28000', 'The access token has expired. Please acquire a new token and retry.', 'retry', 'TokenRefused'],
    ['login', '28000', 'The access token has expired. Acquire a new token and try again.', 'retry', 'TokenRefused'],
    [
      'login',
      '28000',
      'The access token does not have a valid audience claim. Please acquire a new token for the resource "x".',
      'stalled',
      'TokenRefused',
    ],
    [
      'login',
      '28000',
      'Service principal oid mismatch for role "x" The oid in the security label [a] does not match the appid [b]',
      'waiting',
      'NotEntraAdministrator',
    ],
    [
      'login',
      '28000',
      'Microsoft Entra user token for role "x" is neither an AAD_AUTH_TOKENTYPE_APP_USER or …',
      'waiting',
      'NotEntraAdministrator',
    ],
    ['login', '28P01', 'password authentication failed for user "operator"', 'waiting', 'NotEntraAdministrator'],
    ['login', '3D000', 'database "orders" does not exist', 'waiting', 'DatabaseNotFound'],
    ['login', '42501', 'permission denied for database "orders"', 'waiting', 'DatabaseNotOwned'],
    ['login', '53300', 'too many connections', 'retry', 'DatabaseError'],
    ['login', '57P03', 'the database system is starting up', 'retry', 'Unreachable'],
    ['statement', '57P01', 'terminating connection due to administrator command', 'retry', 'Unreachable'],
    ['statement', '55P03', 'canceling statement due to lock timeout', 'retry', 'DatabaseError'],
    ['statement', '40P01', 'deadlock detected', 'retry', 'DatabaseError'],
    ['statement', 'XX000', 'tuple concurrently updated', 'retry', 'DatabaseError'],
    ['statement', 'XX000', 'something else', 'waiting', 'DatabaseError'],
    ['statement', '23505', 'duplicate key value violates unique constraint "pg_authid_rolname_index"', 'retry', 'DatabaseError'],
    ['statement', '23505', 'duplicate key value violates unique constraint "orders_pkey"', 'waiting', 'DatabaseError'],
    ['statement', '42501', 'permission denied for table t', 'stalled', 'DatabaseError'],
    ['statement', '54000', 'row is too big: size 8168, maximum size 8160', 'stalled', 'TooManyObjects'],
    [
      'statement',
      '42883',
      'function pg_catalog.pgaadauth_list_principals(boolean) does not exist',
      'waiting',
      'EntraAuthenticationDisabled',
    ],
    ['statement', '22023', 'security label provider "pgaadauth" is not loaded', 'waiting', 'EntraAuthenticationDisabled'],
    ['statement', 'XX000', 'Could not validate AAD user x because its name is not found in the tenant.', 'waiting', 'IdentityNotFound'],
    [
      'statement',
      'XX000',
      "incorrect object type provided for principal, given object type: 'user', actual object type: 'service'",
      'stalled',
      'IdentityNotFound',
    ],
    ['statement', '0LP01', 'An unexpected error occurred while trying to validate user.', 'waiting', 'DatabaseError'],
    ['statement', '42P01', 'relation "t" does not exist', 'retry', 'DatabaseError'],
    ['statement', '25006', 'cannot execute GRANT in a read-only transaction', 'waiting', 'DatabaseError'],
    ['statement', '57014', 'canceling statement due to statement timeout', 'waiting', 'DatabaseError'],
    ['statement', 'ZZ999', 'nobody knows', 'waiting', 'DatabaseError'],
  ];
  for (const [step, code, message, kind, reason] of rows)
    it(`${code} "${message.slice(0, 50)}" at a ${step} is ${reason}, ${kind}`, () =>
      expect(asConnectionError(driverError(code, message), { ...place, step })).to.include({ name: 'ConnectionError', kind, reason }));

  it('name the address that the firewall refuses', () => {
    const error = driverError('28000', 'no pg_hba.conf entry for host "20.1.2.3", user "operator", database "orders", SSL encryption');
    expect(asConnectionError(error, { ...place, step: 'login' }).message).to.include('20.1.2.3');
  });

  it('tell nothing of what hangs on them, and no token', () => {
    const error = driverError('XX001', 'bad eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln \u001b[31m', {
      detail: 'Failing row contains (secret)',
      where: 'secret',
      query: 'secret',
    });
    expect(asConnectionError(error, { ...place, step: 'statement' }).message).not.to.match(/secret|eyJhbG|\p{Cc}/u);
  });

  it('stay what they are when they were understood before', () => {
    const error = new ConnectionError('stalled', 'TooManyObjects', 'too many');
    expect(asConnectionError(error, { ...place, step: 'statement' })).to.equal(error);
  });

  it('keep their SQLSTATE at the bottom', () => {
    expect(sqlState(asConnectionError(driverError('2BP01'), { ...place, step: 'statement' }))).to.equal('2BP01');
    expect(sqlState(driverError('ECONNRESET'))).to.equal(undefined);
    expect(sqlState(new Error('x'))).to.equal(undefined);
  });

  it('of several addresses tell the first', () => {
    const error = Object.assign(new AggregateError([driverError('ECONNREFUSED', 'connect ECONNREFUSED ::1:5432')]), {
      code: 'ECONNREFUSED',
    });
    expect(asConnectionError(error, { ...place, step: 'login' })).to.include({ reason: 'Unreachable' });
  });
});
