import { type ResourceId, resourceKey } from '../azure/resource-id.ts';
import type { Cancellable, EndingRequest, ServerObservation, Target } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { asStageFailure } from './in-stage.ts';
import { serverIdOf } from './resolve.ts';

/** Where users were looked for, and those that bear a live mark of this cluster. */
export interface MarkedPlace {
  readonly server: ServerObservation;
  readonly marked: readonly EndingRequest[];
}

/**
 * Looks for the marked users of a server; where users live in databases, in those that the ledger names. A database that is paused is passed over, and one that is gone is forgotten; so is
 * one that has no marked users and no connections, because every look keeps a serverless database from pausing. Throws what looking throws.
 */
export async function listMarked(
  target: Target,
  serverId: ResourceId,
  databases: readonly string[],
  { ledger, connections }: Pick<Deps, 'ledger' | 'connections'>,
  { signal }: Cancellable,
): Promise<readonly MarkedPlace[]> {
  if (databases.length === 0) {
    const server = await target.observeServer({ serverId }, { signal });
    return [{ server, marked: await target.listMarked(server, { signal }) }];
  }
  const key = resourceKey(serverId);
  const isNamed = (database: string) =>
    connections.list().some(({ spec }) => {
      const id = serverIdOf(spec);
      return id !== undefined && resourceKey(id) === key && spec.target.database === database;
    });
  const places: MarkedPlace[] = [];
  for (const database of databases) {
    try {
      const server = await target.observeServer({ serverId, database }, { signal });
      const marked = await target.listMarked(server, { signal });
      if (marked.length === 0 && !isNamed(database)) await ledger.forgetDatabase(serverId, database, { signal });
      places.push({ server, marked });
    } catch (error) {
      const { reason } = asStageFailure(error).failure;
      if (reason === 'DatabaseNotFound') await ledger.forgetDatabase(serverId, database, { signal });
      else if (reason !== 'DatabasePaused') throw error;
    }
  }
  return places;
}
