import { expect } from 'chai';
import { ConnectionError } from '../../../../src/api/connection-error.ts';
import { asConnectionError, errnoOf } from '../../../../src/targets/mysql/errors.ts';

const place = { host: 'shop.mysql.database.azure.com', login: 'operator' };

function serverError(errno: number, message = 'something', rest: object = {}): Error {
  return Object.assign(new Error(message), { errno, code: 'ER_SOMETHING', sqlState: 'HY000', ...rest });
}

function nodeError(code: string, message = 'something'): Error {
  return Object.assign(new Error(message), { code, errno: -111 });
}

describe('errors of MySQL', () => {
  const ofServer: readonly ['login' | 'statement', number, string, string, string][] = [
    ['login', 1045, "Access denied for user 'operator'@'10.0.0.4' (using password: YES)", 'waiting', 'NotEntraAdministrator'],
    ['login', 9106, "Azure AD access token is not valid for user 'operator' with OID 'x'.", 'waiting', 'NotEntraAdministrator'],
    ['login', 9119, 'The access token has expired. Please acquire a new token and retry.', 'retry', 'TokenRefused'],
    ['login', 9106, 'The access token does not have a valid audience claim. Please …', 'stalled', 'TokenRefused'],
    ['login', 9000, "Client with IP address '20.1.2.3' is not allowed to connect to this MySQL server.", 'waiting', 'FirewallDenied'],
    ['login', 1130, "Host '20.1.2.3' is not allowed to connect to this MySQL server", 'waiting', 'FirewallDenied'],
    ['login', 1129, 'Host is blocked because of many connection errors', 'waiting', 'Unreachable'],
    ['login', 3118, 'Access denied for user. Account is locked.', 'waiting', 'NotEntraAdministrator'],
    ['login', 1040, 'Too many connections', 'retry', 'DatabaseError'],
    ['login', 3032, 'The server is currently in offline mode', 'waiting', 'DatabaseError'],
    ['login', 1053, 'Server shutdown in progress', 'retry', 'Unreachable'],
    // the number of a refused login is that of a refused privilege too
    ['statement', 1045, "Access denied for user 'operator'@'%' (using password: YES)", 'stalled', 'DatabaseError'],
    ['statement', 1227, 'Access denied; you need (at least one of) the SYSTEM_USER privilege(s)', 'stalled', 'DatabaseError'],
    ['statement', 1205, 'Lock wait timeout exceeded', 'retry', 'DatabaseError'],
    ['statement', 1410, 'You are not allowed to create a user with GRANT', 'retry', 'DatabaseError'],
    ['statement', 1396, "Operation CREATE USER failed for 'x'@'%'", 'retry', 'DatabaseError'],
    ['statement', 1049, "Unknown database 'orders'", 'waiting', 'DatabaseNotFound'],
    ['statement', 3024, 'Query execution was interrupted, maximum statement execution time exceeded', 'waiting', 'DatabaseError'],
    ['statement', 1290, 'The MySQL server is running with the --read-only option', 'waiting', 'DatabaseError'],
    ['statement', 1193, "Unknown system variable 'aad_auth_validate_oids_in_tenant'", 'waiting', 'EntraAuthenticationDisabled'],
    ['statement', 1193, "Unknown system variable 'other'", 'stalled', 'DatabaseError'],
    ['statement', 1064, "You have an error in your SQL syntax; … near 'AADUSER", 'waiting', 'EntraAuthenticationDisabled'],
    ['statement', 1064, 'You have an error in your SQL syntax', 'stalled', 'DatabaseError'],
    ['statement', 9102, "An unexpected error occurred while trying to validate user 'x'.", 'waiting', 'DatabaseError'],
    ['statement', 1317, 'Query execution was interrupted', 'retry', 'Unreachable'],
    ['statement', 4711, 'who knows', 'waiting', 'DatabaseError'],
  ];
  for (const [step, errno, message, kind, reason] of ofServer) {
    it(`takes ${errno} "${message.slice(0, 60)}" at ${step} for ${kind} / ${reason}`, () => {
      const error = asConnectionError(serverError(errno, message), { ...place, step });
      expect(error).to.include({ kind, reason });
      expect(error.message).to.contain(place.host);
    });
  }

  const ofDriver: readonly [string, string, string, string][] = [
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND', 'waiting', 'PrivateDnsNotLinked'],
    ['ECONNREFUSED', 'connect ECONNREFUSED', 'waiting', 'Unreachable'],
    ['ETIMEDOUT', 'connect ETIMEDOUT', 'waiting', 'Unreachable'],
    ['ECONNRESET', 'read ECONNRESET', 'retry', 'Unreachable'],
    ['HANDSHAKE_NO_SSL_SUPPORT', 'Server does not support secure connection', 'waiting', 'Unreachable'],
    ['HANDSHAKE_SSL_ERROR', 'self-signed certificate in certificate chain', 'waiting', 'Unreachable'],
    ['HANDSHAKE_SSL_ERROR', "Hostname/IP does not match certificate's altnames: …", 'waiting', 'WrongServer'],
    ['PROTOCOL_CONNECTION_LOST', 'Connection lost: The server closed the connection.', 'retry', 'Unreachable'],
    ['PROTOCOL_SEQUENCE_TIMEOUT', 'Query inactivity timeout', 'retry', 'Unreachable'],
    ['PROTOCOL_ERROR', 'Expected EOF packet', 'waiting', 'DatabaseError'],
  ];
  for (const [code, message, kind, reason] of ofDriver) {
    it(`takes ${code} "${message.slice(0, 60)}" for ${kind} / ${reason}`, () => {
      expect(asConnectionError(nodeError(code, message), { ...place, step: 'login' })).to.include({ kind, reason });
    });
  }

  it('names the port where nobody answers', () => {
    expect(asConnectionError(nodeError('ETIMEDOUT'), { ...place, step: 'login' }).message).to.contain('on port 3306');
  });

  it('names the address that the firewall refuses', () => {
    const error = serverError(9000, "Client with IP address '20.1.2.3' is not allowed to connect to this MySQL server.");
    expect(asConnectionError(error, { ...place, step: 'login' }).message).to.contain('20.1.2.3');
  });

  it('says nothing of the statement, which may hold what somebody else wrote', () => {
    const error = serverError(4711, 'no', { sql: "ALTER USER 'x' secret", sqlMessage: 'no' });
    expect(asConnectionError(error, { ...place, step: 'statement' }).message).not.to.contain('secret');
  });

  it('leaves alone what was classified already', () => {
    const error = new ConnectionError('waiting', 'WrongServer', 'already');
    expect(asConnectionError(error, { ...place, step: 'login' })).to.equal(error);
  });

  it('tells the server’s number from below, and none where the server said nothing', () => {
    const classified = asConnectionError(serverError(1396), { ...place, step: 'statement' });
    expect(errnoOf(new Error('above', { cause: classified }))).to.equal(1396);
    expect(errnoOf(asConnectionError(nodeError('ECONNREFUSED'), { ...place, step: 'login' }))).to.equal(undefined);
    expect(errnoOf(undefined)).to.equal(undefined);
  });
});
