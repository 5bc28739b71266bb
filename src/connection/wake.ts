import { ready } from '../api/conditions.ts';
import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { abandonAnnotation, requestedAtAnnotation } from '../api/names.ts';
import type { ConnectionPolicy } from '../api/policy.generated.ts';
import type { Reason } from '../api/reasons.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Handlers } from '../runtime/reflector.ts';
import { keyOf, keyText } from '../runtime/resource.ts';
import type { Store } from '../runtime/store.ts';
import { priorities, type WorkQueue } from '../runtime/work-queue.ts';
import type { Namespace } from './resources.ts';

/** Reconciles on request come no more often than this for one connection (threat-model M9). */
const requestIntervalInMs = 30_000;

/** How long after a change its neighbours are looked at. */
const makeWayAfterInMs = 2_000;

/** Puts connections into the queue when something that they depend on has changed. */
export class Waker {
  readonly #queue: WorkQueue;
  readonly #connections: Pick<Store<PasswordlessConnection>, 'list'>;
  readonly #clock: Clock;
  readonly #verdictOf: (connection: PasswordlessConnection) => string;
  readonly #requestedAt = new Map<string, number>();
  /** What policies said of each connection when they were last asked because of a change. */
  readonly #verdicts = new Map<string, string>();

  constructor(options: {
    readonly queue: WorkQueue;
    readonly connections: Pick<Store<PasswordlessConnection>, 'list'>;
    readonly clock: Clock;
    /** What policies say of a connection, in a text that changes with it. */
    readonly verdictOf: (connection: PasswordlessConnection) => string;
  }) {
    this.#queue = options.queue;
    this.#connections = options.connections;
    this.#clock = options.clock;
    this.#verdictOf = options.verdictOf;
  }

  /** For the watch of connections: a new one, a new spec, a deletion, a request, and then its neighbours. Our own status and finalizer wake nobody. */
  readonly connections: Handlers<PasswordlessConnection> = {
    upsert: (old, current, origin) => {
      const priority = origin === 'list' ? priorities.background : priorities.userEdit;
      if (!old || old.metadata.uid !== current.metadata.uid || specChanged(old, current)) {
        // what policies said of the old spec says nothing of this one
        this.#verdicts.delete(textOf(current));
        this.#queue.add(textOf(current), { priority });
        if (old) this.#makeWay(current);
      } else if (requestOf(old) !== requestOf(current)) this.#request(textOf(current));
    },
    delete: (last) => {
      this.#requestedAt.delete(textOf(last));
      this.#verdicts.delete(textOf(last));
      this.#queue.add(textOf(last));
      this.#makeWay(last);
    },
  };

  /** For the watch of policies: wakes the connections of which policies now say something else. */
  readonly policies: Handlers<ConnectionPolicy> = {
    upsert: (old, current) => {
      if (old?.metadata.generation !== current.metadata.generation || old?.metadata.uid !== current.metadata.uid) this.#judgeAnew();
    },
    delete: () => this.#judgeAnew(),
  };

  /** For the watch of namespaces: policies select by their labels. */
  readonly namespaces: Handlers<Namespace> = {
    upsert: (old, current) => {
      if (old?.metadata.uid !== current.metadata.uid || labelsOf(old) !== labelsOf(current)) this.#judgeAnew(current.metadata.name);
    },
    delete: () => {},
  };

  /**
   * One that changed or went may leave a place under a policy's limit to those that were refused, and may have taken away what those of its service account
   * need as well. Many may change together, so that they are not looked at at once.
   */
  #makeWay(changed: PasswordlessConnection): void {
    for (const other of this.#connections.list(changed.metadata.namespace)) {
      if (other.metadata.name === changed.metadata.name || other.metadata.deletionTimestamp) continue;
      if (isRefused(other) || accountOf(other) === accountOf(changed))
        this.#queue.add(textOf(other), { priority: priorities.background, afterInMs: makeWayAfterInMs });
    }
  }

  #judgeAnew(namespace?: string): void {
    for (const connection of this.#connections.list(namespace)) {
      const key = textOf(connection);
      const verdict = this.#verdictOf(connection);
      if (this.#verdicts.get(key) === verdict) continue;
      this.#verdicts.set(key, verdict);
      this.#queue.add(key, { priority: priorities.background });
    }
  }

  #request(key: string): void {
    const now = this.#clock.now();
    const last = this.#requestedAt.get(key) ?? Number.NEGATIVE_INFINITY;
    // those that come while one waits are answered with it, so that many don't put the next off further and further
    const due = last > now ? last : Math.max(now, last + requestIntervalInMs);
    this.#requestedAt.set(key, due);
    this.#queue.add(key, { afterInMs: due - now });
  }
}

function specChanged(old: PasswordlessConnection, current: PasswordlessConnection): boolean {
  return old.metadata.generation !== current.metadata.generation || old.metadata.deletionTimestamp !== current.metadata.deletionTimestamp;
}

/** What the annotations ask for, in a text that changes with it. */
function requestOf({ metadata: { annotations, deletionTimestamp } }: PasswordlessConnection): string {
  return JSON.stringify([annotations?.[requestedAtAnnotation], deletionTimestamp && annotations?.[abandonAnnotation]]);
}

function isRefused({ status }: PasswordlessConnection): boolean {
  return status?.conditions?.find(({ type }) => type === ready)?.reason === ('NotPermitted' satisfies Reason);
}

/** What connections of one service account have in common, and no others. */
function accountOf({ spec, metadata }: PasswordlessConnection): string {
  return spec.workload.serviceAccount?.name ?? metadata.uid;
}

function labelsOf(namespace: Namespace | undefined): string {
  return JSON.stringify(Object.entries(namespace?.metadata.labels ?? {}).sort());
}

function textOf(connection: PasswordlessConnection): string {
  return keyText(keyOf(connection));
}
