import { type Mark, markText } from '../mark.ts';
import { labelText, type ObjectId } from './label.ts';
import { type FutureKind, futureObjects, type Privilege, privilegeList, privilegesOn, type Securable } from './securable.ts';
import { quoteIdentifier, quoteLiteral, type Sql, sql, sqlList } from './sql.ts';

// Every statement that writes. Those that read stand in queries.ts. test/unit/targets/postgres/statements.snapshot.txt holds one of each.

export const beginRead = sql`BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`;
export const beginWrite = sql`BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE`;
export const commit = sql`COMMIT`;
export const rollback = sql`ROLLBACK`;

/** Makes a role that a service principal can log in as; in database `postgres` only (azure-databases-docs, security-manage-entra-users.md). */
export function createPrincipal(userName: string, objectId: ObjectId): Sql {
  return sql`SELECT pg_catalog.pgaadauth_create_principal_with_oid(${quoteLiteral(userName)}, ${quoteLiteral(objectId)}, 'service', false, false)`;
}

export function setMark(userName: string, mark: Mark): Sql {
  return sql`COMMENT ON ROLE ${quoteIdentifier(userName)} IS ${quoteLiteral(markText(mark))}`;
}

/** A user may give itself a password that nobody but a superuser sees. */
export function clearPassword(userName: string): Sql {
  return sql`ALTER ROLE ${quoteIdentifier(userName)} PASSWORD NULL`;
}

export function allowLogin(userName: string): Sql {
  return sql`ALTER ROLE ${quoteIdentifier(userName)} LOGIN`;
}

export function forbidLogin(userName: string): Sql {
  return sql`ALTER ROLE ${quoteIdentifier(userName)} NOLOGIN`;
}

export function bind(userName: string, objectId: ObjectId): Sql {
  return sql`SECURITY LABEL FOR pgaadauth ON ROLE ${quoteIdentifier(userName)} IS ${quoteLiteral(labelText(objectId))}`;
}

export function unbind(userName: string): Sql {
  return sql`SECURITY LABEL FOR pgaadauth ON ROLE ${quoteIdentifier(userName)} IS NULL`;
}

/** Attributes that an administrator with CREATEROLE and CREATEDB can take away. */
const revocableAttributes = {
  createRole: sql`NOCREATEROLE`,
  createDatabase: sql`NOCREATEDB`,
  noConnections: sql`CONNECTION LIMIT -1`,
} as const;

export type RevocableAttribute = keyof typeof revocableAttributes;

export function resetAttributes(userName: string, attributes: readonly RevocableAttribute[]): Sql {
  const words = attributes.map((attribute) => revocableAttributes[attribute]);
  return words.reduce((made, word) => sql`${made} ${word}`, sql`ALTER ROLE ${quoteIdentifier(userName)}`);
}

/** Takes away the user's settings in one database, or those that hold everywhere. */
export function resetSettings(userName: string, database: string | undefined): Sql {
  const where = database === undefined ? sql`` : sql` IN DATABASE ${quoteIdentifier(database)}`;
  return sql`ALTER ROLE ${quoteIdentifier(userName)}${where} RESET ALL`;
}

export function rename(userName: string, newName: string): Sql {
  return sql`ALTER ROLE ${quoteIdentifier(userName)} RENAME TO ${quoteIdentifier(newName)}`;
}

export function drop(userName: string): Sql {
  return sql`DROP ROLE ${quoteIdentifier(userName)}`;
}

/** Revokes what the user has been granted in this database, and DROPS what it owns there: only after a look that it owns nothing. */
export function dropOwned(userName: string): Sql {
  return sql`DROP OWNED BY ${quoteIdentifier(userName)}`;
}

/** Hands all that a role owns in this database, and the databases that it owns, to another; rights that the role was given it keeps. */
export function reassignOwned(userName: string, newOwner: string): Sql {
  return sql`REASSIGN OWNED BY ${quoteIdentifier(userName)} TO ${quoteIdentifier(newOwner)}`;
}

/** One statement for many users and many objects takes a fraction of what one for each takes (sql-playbook 7.2). */
export function grant(privileges: readonly Privilege[], on: readonly Securable[], to: readonly string[]): Sql {
  return sql`GRANT ${privilegesOn(privileges, on)} TO ${sqlList(to.map(quoteIdentifier))}`;
}

/** `cascade` for rights that the user could pass on: what it passed on goes with them. */
export function revoke(
  privileges: readonly Privilege[],
  on: readonly Securable[],
  from: string,
  options: { readonly cascade: boolean },
): Sql {
  return sql`REVOKE ${privilegesOn(privileges, on)} FROM ${quoteIdentifier(from)}${options.cascade ? sql` CASCADE` : sql``}`;
}

/** Every login may connect to every database by default (https://www.postgresql.org/docs/current/ddl-priv.html). */
export function revokePublicConnect(database: string): Sql {
  return sql`REVOKE ${privilegesOn(['CONNECT'], [{ kind: 'database', name: database }])} FROM PUBLIC`;
}

/** Default privileges: whose future objects, and in which schema; in all when left out. */
export interface FutureObjects {
  readonly owner: string;
  readonly schema: string | undefined;
  readonly kind: FutureKind;
}

export function grantDefault(privileges: readonly Privilege[], future: FutureObjects, to: readonly string[]): Sql {
  return sql`${defaultsOf(future)} GRANT ${privilegeList(privileges)} ON ${futureObjects(future.kind)} TO ${sqlList(to.map(quoteIdentifier))}`;
}

export function revokeDefault(
  privileges: readonly Privilege[],
  future: FutureObjects,
  from: string,
  options: { readonly cascade: boolean },
): Sql {
  const cascade = options.cascade ? sql` CASCADE` : sql``;
  return sql`${defaultsOf(future)} REVOKE ${privilegeList(privileges)} ON ${futureObjects(future.kind)} FROM ${quoteIdentifier(from)}${cascade}`;
}

function defaultsOf({ owner, schema }: FutureObjects): Sql {
  const where = schema === undefined ? sql`` : sql` IN SCHEMA ${quoteIdentifier(schema)}`;
  return sql`ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdentifier(owner)}${where}`;
}

/** With the role's rights, but unable to become the role, which would come to own what the user creates then. Nobody gets to make others members. */
export function grantMembership(role: string, to: readonly string[]): Sql {
  return sql`GRANT ${quoteIdentifier(role)} TO ${sqlList(to.map(quoteIdentifier))} WITH INHERIT TRUE, SET FALSE`;
}

/** `grantor` is named, because a plain REVOKE takes only the row of one grantor and says nothing about the others. */
export function revokeMembership(role: string, from: string, grantor: string, options: { readonly cascade: boolean }): Sql {
  const cascade = options.cascade ? sql` CASCADE` : sql``;
  return sql`REVOKE ${quoteIdentifier(role)} FROM ${quoteIdentifier(from)} GRANTED BY ${quoteIdentifier(grantor)}${cascade}`;
}

/** Lets this session act for a role within a transaction; without `set` nothing can come to be owned by the role. */
export function joinRole(role: string, { set }: { readonly set: boolean }): Sql {
  return sql`GRANT ${quoteIdentifier(role)} TO CURRENT_USER WITH ${sqlList([sql`INHERIT TRUE`, sql`SET ${truth(set)}`])}`;
}

export function leaveRole(role: string, grantor: string): Sql {
  return sql`REVOKE ${quoteIdentifier(role)} FROM CURRENT_USER GRANTED BY ${quoteIdentifier(grantor)}`;
}

/** What a membership of our own was before we joined; joining doesn't touch its ADMIN option. */
export interface Membership {
  readonly grantor: string;
  readonly inherit: boolean;
  readonly set: boolean;
}

export function restoreMembership(role: string, { grantor, inherit, set }: Membership): Sql {
  const options = sqlList([sql`INHERIT ${truth(inherit)}`, sql`SET ${truth(set)}`]);
  return sql`GRANT ${quoteIdentifier(role)} TO CURRENT_USER WITH ${options} GRANTED BY ${quoteIdentifier(grantor)}`;
}

function truth(value: boolean): Sql {
  return value ? sql`TRUE` : sql`FALSE`;
}
