import { type Mark, markText } from '../mark.ts';
import { markProperty } from './queries.ts';
import { type Owned, permissionsOn, type Securable, securableName } from './securable.ts';
import { securityId } from './sid.ts';
import { binaryLiteral, integerLiteral, quoteIdentifier, quoteLiteral, type Sql, sql, sqlList } from './sql.ts';
import { triggerAppeared } from './triggers.ts';

// Every statement that writes. Those that read stand in queries.ts. test/unit/targets/azure-sql/statements.snapshot.txt holds one of each.

export const beginWrite = sql`BEGIN TRANSACTION`;
export const commit = sql`COMMIT TRANSACTION`;
/** After most errors the transaction is gone already. */
export const rollback = sql`IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION`;

/** What others have changed and not committed is seen, so that nobody's locks are waited for. */
export const readUncommitted = sql`SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED`;
export const readCommitted = sql`SET TRANSACTION ISOLATION LEVEL READ COMMITTED`;

/**
 * Changes something only while there is no DDL trigger that isn't known, which would run as us. Both go in one batch: between two, an application could make a trigger (threat-model A8).
 */
export function unlessTriggered(statement: Sql, knownTriggers: readonly string[]): Sql {
  const others = knownTriggers.length === 0 ? sql`` : sql` AND t.name NOT IN (${sqlList(knownTriggers.map(quoteLiteral))})`;
  return sql`IF NOT EXISTS (SELECT 1 FROM sys.triggers AS t WHERE t.parent_class = 0 AND t.is_disabled = 0${others}) ${statement} ELSE THROW ${integerLiteral(triggerAppeared)}, N'a DDL trigger appeared', 1`;
}

/** Makes a user that an application can log in as; nobody looks it up in a directory (https://learn.microsoft.com/sql/t-sql/statements/create-user-transact-sql). */
export function createUser(userName: string, clientId: string): Sql {
  return sql`CREATE USER ${quoteIdentifier(userName)} WITH SID = ${binaryLiteral(securityId(clientId))}, TYPE = E`;
}

/** Makes a user as whom nobody can log in. */
export function createShell(userName: string): Sql {
  return sql`CREATE USER ${quoteIdentifier(userName)} WITHOUT LOGIN`;
}

export function setDefaultSchema(userName: string, schema: string): Sql {
  return sql`ALTER USER ${quoteIdentifier(userName)} WITH DEFAULT_SCHEMA = ${quoteIdentifier(schema)}`;
}

export function dropUser(userName: string): Sql {
  return sql`DROP USER ${quoteIdentifier(userName)}`;
}

/** `isThere`: whether the user has a property of that name already. */
export function setMark(userName: string, mark: Mark, { isThere }: { readonly isThere: boolean }): Sql {
  const procedure = isThere ? sql`sys.sp_updateextendedproperty` : sql`sys.sp_addextendedproperty`;
  const value = sql`@name = ${quoteLiteral(markProperty)}, @value = ${quoteLiteral(markText(mark))}`;
  return sql`EXEC ${procedure} ${value}, @level0type = N'USER', @level0name = ${quoteLiteral(userName)}`;
}

export interface PassingOn {
  /** Whether who gets it may give it to others. */
  readonly canPassOn: boolean;
}

export function grant(permissions: readonly string[], on: Securable, to: string, { canPassOn }: PassingOn = { canPassOn: false }): Sql {
  return sql`GRANT ${permissionsOn(permissions, on)} TO ${quoteIdentifier(to)}${canPassOn ? sql` WITH GRANT OPTION` : sql``}`;
}

/** What was given with the right to pass it on can only be denied together with what was passed on. */
export function deny(permissions: readonly string[], on: Securable, to: string, { cascade }: { readonly cascade: boolean }): Sql {
  return sql`DENY ${permissionsOn(permissions, on)} TO ${quoteIdentifier(to)}${cascade ? sql` CASCADE` : sql``}`;
}

export interface RevokeOptions {
  /** Who gave it; REVOKE takes the row of one grantor only, and says nothing of the others. Undefined for dbo. */
  readonly grantor: string | undefined;
  /** What the user passed on goes too. */
  readonly cascade: boolean;
  /** Takes only the right to pass it on. */
  readonly optionOnly: boolean;
}

/** Takes back what was granted, and what was denied as well. */
export function revoke(permissions: readonly string[], on: Securable, from: string, { grantor, cascade, optionOnly }: RevokeOptions): Sql {
  const what = optionOnly ? sql`GRANT OPTION FOR ${permissionsOn(permissions, on)}` : permissionsOn(permissions, on);
  const whose = grantor === undefined ? sql`` : sql` AS ${quoteIdentifier(grantor)}`;
  return sql`REVOKE ${what} FROM ${quoteIdentifier(from)}${cascade ? sql` CASCADE` : sql``}${whose}`;
}

/** CREATE USER gives it by itself; without it, or with it denied, nobody logs in. */
export function grantConnect(database: string, to: string): Sql {
  return grant(['CONNECT'], { kind: 'database', name: database }, to);
}

/** Takes the denial back too. `grantor`: who gave or denied it; undefined for dbo. */
export function revokeConnect(database: string, from: string, grantor: string | undefined): Sql {
  return revoke(['CONNECT'], { kind: 'database', name: database }, from, { grantor, cascade: true, optionOnly: false });
}

/** Holds whatever else the user was given, CONTROL too. */
export function denyConnect(database: string, to: string): Sql {
  return deny(['CONNECT'], { kind: 'database', name: database }, to, { cascade: true });
}

export function addMember(role: string, userName: string): Sql {
  return sql`ALTER ROLE ${quoteIdentifier(role)} ADD MEMBER ${quoteIdentifier(userName)}`;
}

export function dropMember(role: string, userName: string): Sql {
  return sql`ALTER ROLE ${quoteIdentifier(role)} DROP MEMBER ${quoteIdentifier(userName)}`;
}

/** Whatever anybody was given on it goes. */
export function changeOwner(of: Owned, to: string): Sql {
  return sql`ALTER AUTHORIZATION ON ${securableName(of)} TO ${quoteIdentifier(to)}`;
}

/** Not within a transaction. */
export function kill(sessionId: number): Sql {
  return sql`KILL ${integerLiteral(sessionId)}`;
}

/** Waits at the server. At most 999 milliseconds. */
export function pause(ms: number): Sql {
  return sql`WAITFOR DELAY ${quoteLiteral(`00:00:00.${String(Math.min(ms, 999)).padStart(3, '0')}`)}`;
}
