import type { Clock } from './clock.ts';
import { FairQueue } from './fair-queue.ts';
import { Heap } from './heap.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { parseKey } from './resource.ts';

/** What a person just did comes before what is merely looked at again. */
export const priorities = { userEdit: 0, background: -100 } as const;

export interface AddOptions {
  /** Higher ones are taken first; userEdit unless told. */
  readonly priority?: number;
  /** Not before so many milliseconds from now; 0 unless told. */
  readonly afterInMs?: number;
}

export interface QueueItem {
  readonly key: string;
  readonly priority: number;
}

/** A key that is to be worked on: it waits for its time, is ready to be taken, or is held until the work under way on it is done. */
interface Entry {
  readonly key: string;
  priority: number;
  readyAt: number;
  state: 'waiting' | 'ready' | 'held';
}

interface Waiting {
  readonly entry: Entry;
  readonly readyAt: number;
  readonly order: number;
}

/**
 * Keys to be worked on, each at most once in the queue and at most by one worker at a time. A key added again takes the earlier of both times and
 * the higher of both priorities; one that is being worked on is handed out again after `done`. Groups (namespaces) take turns within a priority.
 * The semantics are those of controller-runtime's pkg/controller/priorityqueue, turns apart.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: RuntimeMetrics;
  readonly #labels: { readonly name: string; readonly controller: string };
  readonly #entries = new Map<string, Entry>();
  /** Key → when its work began. */
  readonly #inWork = new Map<string, number>();
  readonly #ready: FairQueue;
  /** Holds also what has been superseded; such an item's time isn't that of its entry any more. */
  readonly #waiting = new Heap<Waiting>((a, b) => a.readyAt < b.readyAt || (a.readyAt === b.readyAt && a.order < b.order));
  readonly #takers: ((item: QueueItem | undefined) => boolean)[] = [];
  readonly #shutDown = new AbortController();
  #timer: { readonly at: number; readonly controller: AbortController } | undefined;
  #order = 0;
  /** Priorities whose depth was ever shown: one that is empty by now shows 0, not its last value. */
  readonly #measured = new Set<number>(Object.values(priorities));

  constructor(options: {
    readonly name: string;
    readonly clock: Clock;
    readonly metrics: RuntimeMetrics;
    /** Which keys share a turn; those of one namespace unless told. */
    readonly groupOf?: (key: string) => string;
  }) {
    this.#clock = options.clock;
    this.#metrics = options.metrics;
    this.#labels = { name: options.name, controller: options.name };
    this.#ready = new FairQueue(options.groupOf ?? ((key) => parseKey(key).namespace));
    this.#metrics.queueAdds.inc(this.#labels, 0);
    this.#metrics.queueRetries.inc(this.#labels, 0);
  }

  /** How many keys are in the queue, those in work not counted unless they were added again. */
  get size(): number {
    return this.#entries.size;
  }

  /** After shutDown it does nothing. */
  add(key: string, options: AddOptions = {}): void {
    if (this.#shutDown.signal.aborted) return;
    const { priority = priorities.userEdit, afterInMs = 0 } = options;
    const readyAt = this.#clock.now() + Math.max(0, afterInMs);
    this.#metrics.queueAdds.inc(this.#labels);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const added: Entry = { key, priority, readyAt, state: 'held' };
      this.#entries.set(key, added);
      if (!this.#inWork.has(key)) this.#place(added);
    } else {
      this.#merge(entry, priority, readyAt);
    }
    this.#handOut();
  }

  addAfter(key: string, afterInMs: number, options: Omit<AddOptions, 'afterInMs'> = {}): void {
    this.add(key, { ...options, afterInMs });
  }

  /** Waits for a key. Undefined when the signal is aborted or the queue is shut down; nothing is lost then. Each key taken must be given to `done`. */
  take(options: { readonly signal: AbortSignal }): Promise<QueueItem | undefined> {
    const signal = AbortSignal.any([options.signal, this.#shutDown.signal]);
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      let settled = false;
      const settle = (item: QueueItem | undefined) => {
        if (settled) return false;
        settled = true;
        signal.removeEventListener('abort', give);
        resolve(item);
        return true;
      };
      const give = () => {
        this.#takers.splice(this.#takers.indexOf(settle), 1);
        settle(undefined);
      };
      signal.addEventListener('abort', give, { once: true });
      this.#takers.push(settle);
      this.#handOut();
    });
  }

  /** The work on a key is over. @throws RangeError when nobody works on it */
  done(key: string): void {
    const startedAt = this.#inWork.get(key);
    if (startedAt === undefined) throw new RangeError(`nobody works on ${key}`);
    this.#inWork.delete(key);
    this.#metrics.workSeconds.observe(this.#labels, (this.#clock.now() - startedAt) / 1000);
    const entry = this.#entries.get(key);
    if (entry) this.#place(entry);
    this.#handOut();
  }

  /** No key is handed out any more. */
  shutDown(): void {
    this.#shutDown.abort(new Error('the queue is shut down'));
    this.#timer?.controller.abort();
  }

  /** Sets the gauges that change with time alone; called before they are read. */
  measure(): void {
    const now = this.#clock.now();
    const seconds = [...this.#inWork.values()].map((startedAt) => (now - startedAt) / 1000);
    this.#metrics.unfinishedWorkSeconds.set(
      this.#labels,
      seconds.reduce((sum, one) => sum + one, 0),
    );
    this.#metrics.longestRunningSeconds.set(this.#labels, Math.max(0, ...seconds));
    const depths = this.#ready.depths();
    for (const priority of depths.keys()) this.#measured.add(priority);
    for (const priority of this.#measured)
      this.#metrics.queueDepth.set({ ...this.#labels, priority: String(priority) }, depths.get(priority) ?? 0);
  }

  #merge(entry: Entry, priority: number, readyAt: number): void {
    const raised = priority > entry.priority;
    const sooner = readyAt < entry.readyAt;
    if (!raised && !sooner) return;
    if (entry.state === 'ready') {
      if (!raised) return;
      this.#ready.remove(entry.key, entry.priority);
      entry.priority = priority;
      this.#ready.push(entry.key, priority);
      return;
    }
    entry.priority = Math.max(entry.priority, priority);
    entry.readyAt = Math.min(entry.readyAt, readyAt);
    if (entry.state === 'waiting' && sooner) this.#place(entry);
  }

  /** Puts an entry where its time says. */
  #place(entry: Entry): void {
    if (entry.readyAt <= this.#clock.now()) {
      entry.state = 'ready';
      this.#ready.push(entry.key, entry.priority);
    } else {
      entry.state = 'waiting';
      this.#order += 1;
      this.#waiting.push({ entry, readyAt: entry.readyAt, order: this.#order });
    }
  }

  #handOut(): void {
    this.#collectDue();
    while (this.#takers.length > 0) {
      const key = this.#ready.shift();
      if (key === undefined) break;
      const entry = this.#entries.get(key) as Entry;
      this.#entries.delete(key);
      const now = this.#clock.now();
      this.#inWork.set(key, now);
      this.#metrics.queueSeconds.observe(this.#labels, (now - entry.readyAt) / 1000);
      this.#takers.shift()?.({ key, priority: entry.priority });
    }
  }

  #collectDue(): void {
    const now = this.#clock.now();
    for (let next = this.#nextWaiting(); next && next.readyAt <= now; next = this.#nextWaiting()) {
      this.#waiting.pop();
      next.entry.state = 'ready';
      this.#ready.push(next.entry.key, next.entry.priority);
    }
    const next = this.#nextWaiting();
    if (next && !this.#shutDown.signal.aborted) this.#wakeAt(next.readyAt);
  }

  #nextWaiting(): Waiting | undefined {
    for (;;) {
      const next = this.#waiting.peek();
      if (next === undefined) return undefined;
      const { entry } = next;
      if (entry.state === 'waiting' && entry.readyAt === next.readyAt && this.#entries.get(entry.key) === entry) return next;
      this.#waiting.pop();
    }
  }

  #wakeAt(at: number): void {
    if (this.#timer && this.#timer.at <= at) return;
    this.#timer?.controller.abort();
    const controller = new AbortController();
    this.#timer = { at, controller };
    this.#clock.sleep(Math.max(0, at - this.#clock.now()), controller.signal).then(
      () => {
        if (this.#timer?.controller === controller) this.#timer = undefined;
        this.#handOut();
      },
      () => {},
    );
  }
}
