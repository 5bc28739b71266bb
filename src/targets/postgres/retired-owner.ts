import type { Cancellable, EndingRequest } from '../target.ts';
import { actFor } from './act-for.ts';
import { sqlState } from './errors.ts';
import { observeRoles } from './observe-roles.ts';
import { readMayGiveTo } from './owner-queries.ts';
import { whyNeverGiven } from './plan-memberships.ts';
import { isOnlyThisDatabases } from './revoke-all.ts';
import type { EndingRole } from './role.ts';
import { administratorNamesOf } from './server.ts';
import type { Session } from './session.ts';
import { reassignOwned } from './statements.ts';
import { requireUnchanged } from './still-ours.ts';
import type { TidyOptions } from './tidy.ts';

export interface HandingOver {
  readonly role: Pick<EndingRole, 'name'>;
  /** Who takes over. */
  readonly owner: string;
  /** Where the user owns something; null stands for databases. */
  readonly databases: readonly (string | null)[];
}

/**
 * Hands what an ended user owns to the role that the policy names for that. Views, functions and indexes of the user run with that one's rights from then on, so that it is never an
 * administrator, nor a role that is more than an application, nor the user of a connection (threat-model A1, D3). Answers why it can't be done, or undefined when it was.
 * May be repeated. Throws ConnectionError for what may pass, for example a lock.
 */
export async function handOver(
  request: EndingRequest,
  { role, owner, databases }: HandingOver,
  options: TidyOptions,
): Promise<string | undefined> {
  const { inDatabase, signal } = options;
  const refused = await inDatabase('postgres', (session) => whyNotTo(session, owner, options));
  if (refused !== undefined) return refused;
  for (const database of new Set(databases.map((each) => each ?? 'postgres'))) {
    try {
      await inDatabase(database, (session) => reassign(session, { ...request, database }, role.name, owner, { signal }));
    } catch (error) {
      if (!isOnlyThisDatabases(error) && sqlState(error) !== '42704') throw error;
      return `${owner} can't take over what it owns in database ${database}: the operator may not act for that role, or the role may not create anything there`;
    }
  }
  return undefined;
}

async function whyNotTo(session: Session, owner: string, { server, signal }: TidyOptions): Promise<string | undefined> {
  const administratorNames = administratorNamesOf(server);
  const [found] = await session.reading(() => observeRoles(session, [owner], { administratorNames, signal }), { signal });
  if (!found) return `there is no role ${owner} to take it over`;
  const why = whyNeverGiven(found);
  return why === undefined ? undefined : `role ${owner} may not take it over, because ${why}`;
}

async function reassign(session: Session, request: EndingRequest, userName: string, owner: string, { signal }: Cancellable): Promise<void> {
  const asUser = async () => {
    await session.query(reassignOwned(userName, owner), [], { signal });
  };
  const asBoth = () => actFor(session, userName, asUser, { signal });
  await session.writing(
    async () => {
      await requireUnchanged(session, request, { user: 'there', database: request.database, signal });
      const [row] = await session.query<{ mayGive: boolean }>(readMayGiveTo, [owner], { signal });
      if (row?.mayGive) await asBoth();
      else await actFor(session, owner, asBoth, { set: true, signal });
    },
    { signal },
  );
}
