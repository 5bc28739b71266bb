import { type TokenClaims, TokenError } from '../azure/token-signer.ts';
import type { Server } from '../azure/world.ts';
import { refusedClient } from '../firewall.ts';
import type { Database } from './database.ts';
import { loginErrors } from './login-errors.ts';
import { mayDo, theDatabase } from './permission-check.ts';
import type { SessionLogin } from './session.ts';
import type { SqlError } from './sql-error.ts';
import type { SqlServer } from './sql-server.ts';
import { boundId, guidBytes } from './sql-type.ts';

/** What Entra says of a token for one of these audiences. Throws TokenError. */
export type VerifySqlToken = (token: string, audience: readonly string[]) => Promise<Pick<TokenClaims, 'oid' | 'appid' | 'tid'>>;

/** The resource that tokens for Azure SQL are made for. [U] Its `aud` ends in a slash or doesn't, by how it was asked for: azure-facts 3.5. */
export const sqlService = 'https://database.windows.net/';
export const sqlAudiences: readonly string[] = [sqlService, sqlService.slice(0, -1)];

export type LoginVerdict =
  | { readonly kind: 'admitted'; readonly database: Database; readonly login: SessionLogin }
  /** With all errors that the client is told, the one that counts last. */
  | { readonly kind: 'refused'; readonly errors: readonly SqlError[] };

/** Whether the client may come in at all from where it is: before its token is looked at. Undefined when it may. */
export function networkRefusal({ server, network, clock }: SqlServer, address: string): SqlError | undefined {
  if (server.network.publicNetworkAccess === 'Disabled') return loginErrors.publicAccessDenied();
  if (!network.isNetworkAllowed) return loginErrors.noNetworkRule(server.name);
  const refused = network.isAddressAllowed ? refusedClient(server, clock.now()) : address;
  return refused === undefined ? undefined : loginErrors.firewall(server.name, refused);
}

/**
 * Checks a login as the service does: the token decides, no name does. The server's Entra administrator is dbo in every database; everybody else needs a user in the database whose SID is the
 * token's client id, and that may connect.
 * [U] For a service principal that is the administrator some pages name the object id, where users found that only the client id works: either is taken, unless the server's
 * `administratorsAreKnownBy` says which.
 */
export async function checkLogin(
  {
    token,
    database: name,
    host,
    application,
  }: { readonly token: string; readonly database: string; readonly host: string; readonly application: string },
  { engine, verify, audience }: { readonly engine: SqlServer; readonly verify: VerifySqlToken; readonly audience: readonly string[] },
): Promise<LoginVerdict> {
  try {
    const { appid, oid, tid } = await verify(token, audience);
    const isAdministrator = administratorIds(engine.server, { appid, oid }).some((id) =>
      engine.server.administrators.some(({ objectId }) => objectId.toLowerCase() === id),
    );
    const database = engine.database(name);
    if (!database) return refused(loginErrors.noDatabase(name), loginErrors.unknownPrincipal());
    if (database.status !== 'Online') {
      engine.wake(database);
      return refused(loginErrors.paused(database.name, engine.server.name, oid.toUpperCase()));
    }
    const principal = isAdministrator ? undefined : principalOf(database, appid);
    if (!isAdministrator && principal === undefined) return refused(loginErrors.unknownPrincipal());
    const login = { clientId: appid, name: `${appid}@${tid}`, sid: guidBytes(appid), isAdministrator, principal, host, application };
    return { kind: 'admitted', database, login };
  } catch (error) {
    if (error instanceof TokenError)
      return refused(error.reason === 'expired' ? loginErrors.expiredToken() : loginErrors.unknownPrincipal());
    throw error;
  }
}

function administratorIds(
  { administratorsAreKnownBy: known }: Server,
  { appid, oid }: Pick<TokenClaims, 'appid' | 'oid'>,
): readonly string[] {
  const ids = [...(known === 'objectId' ? [] : [appid]), ...(known === 'clientId' ? [] : [oid])];
  return ids.map((each) => each.toLowerCase());
}

function principalOf({ state: { catalog } }: Database, clientId: string): number | undefined {
  const found = [...catalog.principals.values()].find(
    (each) => each.type === 'E' && boundId(each)?.toLowerCase() === clientId.toLowerCase(),
  );
  return found && mayDo(catalog, found.id, 'CONNECT', theDatabase) ? found.id : undefined;
}

function refused(...errors: readonly SqlError[]): LoginVerdict {
  return { kind: 'refused', errors };
}
