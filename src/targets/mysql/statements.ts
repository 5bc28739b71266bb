import { type Mark, markText } from '../mark.ts';
import type { ClientId } from './client-id.ts';
import type { RoleName } from './rights.ts';
import { grantOption, type Privilege, privilegesOn, type Securable } from './securable.ts';
import { quoteAccount, quoteLiteral, type Sql, sql, sqlList, sqlNumber } from './sql.ts';

// Every statement that writes. Those that read stand in queries.ts, rights-queries.ts and role-queries.ts. test/unit/targets/mysql/statements.snapshot.txt holds one of each.

/** The key of a user's attributes that the mark stands under. */
export const markKey = 'dbaccess.dev';

/** Lets this session bind users by an id without a look-up in Entra, for which the server would need an identity with rights there. */
export const trustIds = sql`SET aad_auth_validate_oids_in_tenant = OFF`;

/** Makes a user that a managed identity or service principal can log in as; it binds by client id (azure-databases-docs, security-how-to-entra.md). */
export function createUser(userName: string, clientId: ClientId): Sql {
  return sql`CREATE AADUSER ${quoteLiteral(userName)} IDENTIFIED BY ${quoteLiteral(clientId)}`;
}

/** Other attributes of the user stay (https://dev.mysql.com/doc/refman/8.0/en/alter-user.html). */
export function setMark(userName: string, mark: Mark): Sql {
  return sql`ALTER USER ${quoteAccount(userName)} ATTRIBUTE ${quoteLiteral(JSON.stringify({ [markKey]: markText(mark) }))}`;
}

export function allowLogin(userName: string): Sql {
  return sql`ALTER USER ${quoteAccount(userName)} ACCOUNT UNLOCK`;
}

export function forbidLogin(userName: string): Sql {
  return sql`ALTER USER ${quoteAccount(userName)} ACCOUNT LOCK`;
}

export function drop(userName: string): Sql {
  return sql`DROP USER ${quoteAccount(userName)}`;
}

/** To one user at a time: to several it isn't everywhere all or nothing (sql-playbook 9.5). Never with the right to pass it on. */
export function grant(privileges: readonly Privilege[], on: Securable, to: string): Sql {
  if (privileges.includes(grantOption)) throw new TypeError('the right to pass rights on is never given');
  return sql`GRANT ${privilegesOn(privileges, on)} TO ${quoteAccount(to)}`;
}

/** `GRANT OPTION` among the privileges takes away the right to pass them on. */
export function revoke(privileges: readonly Privilege[], on: Securable, from: string): Sql {
  return sql`REVOKE ${privilegesOn(privileges, on)} FROM ${quoteAccount(from)}`;
}

/** Takes all privileges on everything, whoever gave them; roles stay. Needs no more than CREATE USER (sql-playbook 9.3). */
export function revokeEverything(from: string): Sql {
  return sql`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${quoteAccount(from)}`;
}

export function grantRole(role: string, to: string): Sql {
  return sql`GRANT ${quoteLiteral(role)} TO ${quoteAccount(to)}`;
}

export function revokeRole(role: RoleName, from: string): Sql {
  return sql`REVOKE ${roleName(role)} FROM ${quoteAccount(from)}`;
}

/** Which of the user's roles are active from login on; the others are not. */
export function setDefaultRoles(roles: readonly string[], of: string): Sql {
  const list = roles.length === 0 ? sql`NONE` : sqlList(roles.map(quoteLiteral));
  return sql`SET DEFAULT ROLE ${list} TO ${quoteAccount(of)}`;
}

export function revokeProxy(proxied: RoleName, from: string): Sql {
  return sql`REVOKE PROXY ON ${quoteLiteral(proxied.name)}@${quoteLiteral(proxied.host)} FROM ${quoteAccount(from)}`;
}

/** Ends a session as Azure lets its administrators do it (azure-databases-docs, concepts-built-in-store-procedure.md). */
export function endSession(id: number): Sql {
  return sql`CALL mysql.az_kill(${sqlNumber(id)})`;
}

/** The same on a server without that procedure. */
export function killSession(id: number): Sql {
  return sql`KILL ${sqlNumber(id)}`;
}

/** A session takes a moment to go. In milliseconds. */
export function pause(ms: number): Sql {
  return sql`DO SLEEP(${sqlNumber(ms)} / 1000)`;
}

/** Host % is what a name without host means. */
function roleName({ name, host }: RoleName): Sql {
  return host === '%' ? quoteLiteral(name) : sql`${quoteLiteral(name)}@${quoteLiteral(host)}`;
}
