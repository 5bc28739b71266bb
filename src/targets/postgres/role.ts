import { isOurs, type Mark, parseMark } from '../mark.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { isReserved } from './observe-users.ts';
import { readEnding, readShells } from './queries.ts';
import type { PostgresServer } from './server.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';
import { changedMeanwhile } from './still-ours.ts';

/** A role on its way out. */
export interface EndingRole {
  readonly oid: number;
  readonly name: string;
  readonly canLogin: boolean;
  readonly superuser: boolean;
  readonly mark: Mark | undefined;
}

/** The role of a name, or undefined. */
export async function findRole(session: Session, name: string, { signal }: Cancellable): Promise<EndingRole | undefined> {
  return (await readRoles(session, readEnding, name, { signal }))[0];
}

/** The user's role, when it is still the connection's. Throws ConnectionError when somebody dropped or replaced it. */
export async function findOurs(
  session: Session,
  { userName, mark }: Pick<EndingRequest, 'userName' | 'mark'>,
  { signal }: Cancellable,
): Promise<EndingRole> {
  const role = await findRole(session, userName, { signal });
  if (!role || !isOurs(role.mark, mark)) throw changedMeanwhile(userName);
  return role;
}

/** Roles whose names begin so, at most 100. */
export async function findShells(session: Session, prefix: string, { signal }: Cancellable): Promise<readonly EndingRole[]> {
  return await readRoles(session, readShells, prefix, { signal });
}

/** Whether a role bears exactly this mark, whatever its state, and is none that we may never touch. */
export function bears(role: EndingRole, mark: Mark, server: PostgresServer): boolean {
  return !isReserved(role.name, role.superuser, server) && isOurs(role.mark, mark) && role.mark.uid === mark.uid;
}

async function readRoles(session: Session, query: Sql, value: string, { signal }: Cancellable): Promise<readonly EndingRole[]> {
  const rows = await session.query<Omit<EndingRole, 'mark'> & { comment: string | null }>(query, [value], { signal });
  return rows.map(({ comment, ...role }) => ({ ...role, mark: parseMark(comment) }));
}
