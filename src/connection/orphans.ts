import { type ResourceId, resourceKey, serverKinds } from '../azure/resource-id.ts';
import type { Cancellable, EndingRequest, ServerObservation, Target } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { tidyOrBury } from './end-user.ts';
import { asStageFailure } from './in-stage.ts';
import type { LedgerEntry } from './ledger.ts';
import { listMarked } from './list-marked.ts';
import { isOrphan } from './orphan.ts';
import { currentOwners } from './owners.ts';
import { configMaps } from './resources.ts';
import { areWithdrawalsReleased } from './withdrawals.ts';

export interface OrphansOptions {
  /** More than this many at once, over all servers, are not ended. */
  readonly maximum: number;
  /** Asks for one more complete list of connections, soon. */
  readonly relist: () => void;
}

/** How many complete lists of connections there had been when an orphan was first seen, by the orphan. */
type Sightings = ReadonlyMap<string, number>;

/**
 * Ends the access of users whose connection went without the operator, because somebody took its finalizer off or restored an older state of the cluster
 * (threat-model M3). One pass over each server of the ledger in each drift interval; an orphan is ended when a second pass still sees it and connections have been
 * listed completely in between, and only when there aren't too many at once.
 */
export class Orphans {
  readonly #deps: Deps;
  readonly #options: OrphansOptions;
  #servers: ReadonlyMap<string, LedgerEntry> = new Map();
  /** By server: what its last pass saw. */
  readonly #sightings = new Map<string, Sightings>();

  constructor(deps: Deps, options: OrphansOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Ends with the signal. */
  async run({ signal }: Cancellable): Promise<void> {
    const underWay = new Map<string, Promise<void>>();
    while (!signal.aborted) {
      await this.#readLedger({ signal }).catch((error: unknown) => {
        if (!signal.aborted)
          this.#deps.logger.warn('the ledger could not be read, so that new servers are not swept for orphans', { error });
      });
      for (const [key, { serverId }] of this.#servers) {
        if (!underWay.has(key))
          underWay.set(
            key,
            this.#lookAfter(serverId, { signal }).finally(() => underWay.delete(key)),
          );
      }
      await this.#pause(this.#deps.driftSchedule.intervalInMs, signal);
    }
    await Promise.all(underWay.values());
  }

  async #readLedger({ signal }: Cancellable): Promise<void> {
    const servers = new Map<string, LedgerEntry>();
    for await (const entry of this.#deps.ledger.entries({ signal })) servers.set(resourceKey(entry.serverId), entry);
    this.#servers = servers;
  }

  /** Sweeps one server, together with the pass over its connections, for as long as the ledger knows it. Never rejects. */
  async #lookAfter(serverId: ResourceId, { signal }: Cancellable): Promise<void> {
    const { driftSchedule, logger } = this.#deps;
    const key = resourceKey(serverId);
    for (;;) {
      await this.#pause(driftSchedule.untilNext(serverId), signal);
      if (!this.#servers.has(key) || signal.aborted) break;
      try {
        await this.#sweep(serverId, { signal });
      } catch (error) {
        if (signal.aborted) break;
        const { reason, message } = asStageFailure(error).failure;
        // with the server went its orphans, and they must not hold back the end of others
        if (reason === 'ServerNotFound') this.#sightings.delete(key);
        logger.info('a server was not swept for orphans', { server: key, reason, message });
      }
    }
    this.#sightings.delete(key);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#deps.clock.sleep(ms, signal).catch(() => undefined);
  }

  async #sweep(serverId: ResourceId, { signal }: Cancellable): Promise<void> {
    const { targets, ledger, events } = this.#deps;
    const target = [...targets.values()].find(({ type }) => serverKinds[type] === serverId.kind);
    if (!target) return;
    const places = await listMarked(target, serverId, this.#servers.get(resourceKey(serverId))?.databases ?? [], this.#deps, { signal });
    const due = this.#sight(
      serverId,
      places.flatMap(({ marked }) => marked),
    );
    if (this.#brake() || due.length === 0) return;
    const notes: string[] = [];
    for (const { server, marked } of places) {
      const here = due.filter((orphan) => marked.includes(orphan));
      if (here.length === 0) continue;
      // one that answers under this server's name may be a copy of it, marks and all
      await ledger.rememberServer(serverId, await target.identify(server, { signal }), { signal });
      await this.#readLedger({ signal });
      for (const orphan of here) notes.push(...(await this.#end(target, orphan, server, { signal })));
    }
    const entry = this.#servers.get(resourceKey(serverId));
    if (!entry || notes.length === 0) return;
    const regarding = { ...entry.configMap, apiVersion: configMaps.apiVersion, kind: configMaps.kind };
    const note = `no connection looks after them any more: ${notes.join('; ')}`;
    await events.record(regarding, { type: 'Warning', reason: 'OrphanEnded', action: 'Sweep', note }, { signal });
  }

  /** Takes down which of a server's users are orphans now, and answers those whose access may be ended. */
  #sight(serverId: ResourceId, marked: readonly EndingRequest[]): readonly EndingRequest[] {
    const { connections } = this.#deps;
    const orphans = this.#orphansAmong(marked);
    const key = resourceKey(serverId);
    const before = this.#sightings.get(key);
    const sighted = orphans.map((orphan) => ({ orphan, name: nameOf(orphan), lists: before?.get(nameOf(orphan)) }));
    this.#sightings.set(key, new Map(sighted.map(({ name, lists = connections.completeLists }) => [name, lists])));
    const due = sighted.flatMap(({ orphan, lists }) => (lists !== undefined && connections.completeLists > lists ? orphan : []));
    if (due.length < orphans.length) this.#options.relist();
    return due;
  }

  /** Those of a server's users that are orphans now. Whose connection left a tombstone is ended from there, as the connection wished. */
  #orphansAmong(users: readonly EndingRequest[]): readonly EndingRequest[] {
    const owners = currentOwners(this.#deps);
    const { hash } = this.#deps.cluster;
    const isBuried = (user: EndingRequest, server: string) =>
      this.#servers.get(server)?.tombstones.some(({ request }) => nameOf(request) === nameOf(user)) === true;
    return users.filter((user) => {
      const server = resourceKey(user.serverId);
      const database = user.serverId.kind === 'sqlServer' ? user.database : undefined;
      return isOrphan({ ...user, server, database }, hash, owners) && !isBuried(user, server);
    });
  }

  /** Whether nobody is ended, because so many at once are a mistake sooner than a wish (threat-model M6). Those seen for the first time count too. */
  #brake(): boolean {
    const { logger, metrics, policies } = this.#deps;
    const { maximum } = this.#options;
    const orphans = [...this.#sightings.values()].reduce((sum, { size }) => sum + size, 0);
    const isBraked = orphans > maximum && !areWithdrawalsReleased(policies);
    metrics.orphansBraked(isBraked ? orphans : 0);
    if (isBraked)
      logger.warn('so many database users have no connection that it looks like a mistake, so none was ended', { orphans, maximum });
    return isBraked;
  }

  /** Answers what became of it, or nothing where nothing was ended. One that can't be ended now keeps no other waiting. */
  async #end(target: Target, orphan: EndingRequest, server: ServerObservation, { signal }: Cancellable): Promise<readonly string[]> {
    const { logger, metrics } = this.#deps;
    const { userName: user } = orphan;
    // its connection may have been made anew while others were ended
    if (this.#orphansAmong([orphan]).length === 0) return [];
    try {
      if ((await target.end(orphan, server, { signal })) !== 'ended') return [];
      metrics.orphanEnded(target.type);
      const note = await tidyOrBury(target, orphan, server, this.#deps, { signal });
      logger.warn('the access of a user without a connection was ended', { user, uid: orphan.mark.uid, note });
      return [note];
    } catch (error) {
      signal.throwIfAborted();
      const { reason, message } = asStageFailure(error).failure;
      logger.warn('the access of a user without a connection could not be ended', { user, uid: orphan.mark.uid, reason, message });
      return [];
    }
  }
}

/** What tells an orphan from others of its server, also from a later one of the same name. */
function nameOf({ userName, mark }: EndingRequest): string {
  return JSON.stringify([userName, mark.uid]);
}
