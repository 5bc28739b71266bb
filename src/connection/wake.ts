import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { requestedAtAnnotation } from '../api/names.ts';
import type { ConnectionPolicy } from '../api/policy.generated.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Handlers } from '../runtime/reflector.ts';
import { keyOf, keyText } from '../runtime/resource.ts';
import type { Store } from '../runtime/store.ts';
import { priorities, type WorkQueue } from '../runtime/work-queue.ts';
import type { Namespace } from './resources.ts';

/** Reconciles on request come no more often than this for one connection (threat-model M9). */
const requestIntervalInMs = 30_000;

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

  /** For the watch of connections: a new one, a new spec, a deletion, a request. Our own status and finalizer wake nobody. */
  readonly connections: Handlers<PasswordlessConnection> = {
    upsert: (old, current, origin) => {
      const priority = origin === 'list' ? priorities.background : priorities.userEdit;
      if (!old || old.metadata.uid !== current.metadata.uid || specChanged(old, current)) this.#queue.add(textOf(current), { priority });
      else if (requestOf(old) !== requestOf(current)) this.#request(textOf(current));
    },
    delete: (last) => {
      this.#requestedAt.delete(textOf(last));
      this.#verdicts.delete(textOf(last));
      this.#queue.add(textOf(last));
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
    const due = (this.#requestedAt.get(key) ?? Number.NEGATIVE_INFINITY) + requestIntervalInMs;
    const afterInMs = Math.max(0, due - now);
    this.#requestedAt.set(key, now + afterInMs);
    this.#queue.add(key, { afterInMs });
  }
}

function specChanged(old: PasswordlessConnection, current: PasswordlessConnection): boolean {
  return old.metadata.generation !== current.metadata.generation || old.metadata.deletionTimestamp !== current.metadata.deletionTimestamp;
}

function requestOf(connection: PasswordlessConnection): string | undefined {
  return connection.metadata.annotations?.[requestedAtAnnotation];
}

function labelsOf(namespace: Namespace | undefined): string {
  return JSON.stringify(Object.entries(namespace?.metadata.labels ?? {}).sort());
}

function textOf(connection: PasswordlessConnection): string {
  return keyText(keyOf(connection));
}
