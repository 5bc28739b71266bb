import type { Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import { Deadline, DeadlineExceeded, isDeadlineExceeded } from './deadline.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { type ObjectKey, parseKey } from './resource.ts';
import type { QueueItem, WorkQueue } from './work-queue.ts';

/**
 * What a reconcile wants next:
 * - `done`: nothing until something changes.
 * - `after`: another look after a time that it knows; whatever failed before is forgiven.
 * - `backoff`: another try, later each time, and not before `notBeforeInMs`. It counts as a failure.
 * Both take the priority of the work at hand unless they name one.
 */
export type ReconcileResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'after'; readonly ms: number; readonly priority?: number }
  | { readonly kind: 'backoff'; readonly notBeforeInMs?: number; readonly priority?: number };

export interface ReconcileContext {
  /** Aborted with DeadlineExceeded when the time is over, or with Stopped when the process ends. */
  readonly signal: AbortSignal;
  /** Carries controller, namespace, name and reconcileId. */
  readonly logger: Logger;
  readonly reconcileId: string;
}

/** Looks at one object and does what is to be done. It says expected failures by `backoff`; what it throws is a fault, logged and tried again. */
export type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<ReconcileResult>;

/** Why the signal of a reconcile is aborted when the process ends. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export interface ControllerOptions {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly reconcile: Reconcile;
  readonly workers: number;
  /** How long one reconcile may take. */
  readonly deadlineInMs: number;
  /** How long reconciles under way may go on after the stop before they are aborted too. */
  readonly drainInMs: number;
  readonly backoff: Backoff;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  /** Makes the reconcileId. */
  readonly newId: () => string;
}

/** Takes keys from a queue and reconciles them with some workers, never one key twice at a time. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #logger: Logger;
  readonly #stop = new AbortController();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ controller: options.name });
    const { metrics, name: controller } = options;
    for (const result of ['success', 'error', 'requeue_after']) metrics.reconciles.inc({ controller, result }, 0);
    for (const counter of [metrics.reconcileErrors, metrics.reconcilePanics, metrics.reconcileTimeouts]) counter.inc({ controller }, 0);
    metrics.maxConcurrentReconciles.set({ controller }, options.workers);
    metrics.activeWorkers.set({ controller }, 0);
  }

  /** Works until the signal is aborted; resolves when the last worker has come home. Start it after the caches have synced. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    const { workers, queue, clock, drainInMs } = this.#options;
    const drained = new AbortController();
    const abortLate = async () => {
      await clock.sleep(drainInMs, drained.signal);
      this.#stop.abort(new Stopped('the process is ending'));
    };
    const onStop = () => {
      queue.shutDown();
      abortLate().catch(() => {});
    };
    if (options.signal.aborted) onStop();
    else options.signal.addEventListener('abort', onStop, { once: true });
    try {
      await Promise.all(Array.from({ length: workers }, () => this.#work(options.signal)));
    } finally {
      options.signal.removeEventListener('abort', onStop);
      drained.abort();
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { queue, metrics, name: controller } = this.#options;
    for (let item = await queue.take({ signal }); item; item = await queue.take({ signal })) {
      metrics.activeWorkers.inc({ controller });
      try {
        await this.#reconcileOne(item);
      } finally {
        metrics.activeWorkers.dec({ controller });
        queue.done(item.key);
      }
    }
  }

  async #reconcileOne(item: QueueItem): Promise<void> {
    const { metrics, clock, name: controller, newId } = this.#options;
    const key = parseKey(item.key);
    const reconcileId = newId();
    const logger = this.#logger.child({ namespace: key.namespace, name: key.name, reconcileId });
    const startedAt = clock.now();
    const result = await this.#attempt(key, logger, reconcileId);
    metrics.reconcileSeconds.observe({ controller }, (clock.now() - startedAt) / 1000);
    this.#follow(item, result, logger);
  }

  async #attempt(key: ObjectKey, logger: Logger, reconcileId: string): Promise<ReconcileResult> {
    const { clock, deadlineInMs, metrics, name: controller, reconcile } = this.#options;
    using deadline = new Deadline({ clock, afterInMs: deadlineInMs, parent: this.#stop.signal, what: 'the reconcile' });
    try {
      return await reconcile(key, { signal: deadline.signal, logger, reconcileId });
    } catch (error) {
      const { reason } = deadline.signal;
      // whatever the abort was turned into on its way up, the deadline is what happened
      if (isDeadlineExceeded(reason)) {
        metrics.reconcileTimeouts.inc({ controller });
        logger.warn('the reconcile ran out of time', { error: new DeadlineExceeded(deadlineInMs, 'the reconcile') });
      } else if (reason instanceof Stopped) {
        logger.info('the reconcile was stopped');
      } else {
        metrics.reconcilePanics.inc({ controller });
        logger.error('the reconcile threw', { error });
      }
      return { kind: 'backoff' };
    }
  }

  /** Puts the key back as its result says. The key is still in work, so that it is handed out after `done` at the earliest. */
  #follow(item: QueueItem, result: ReconcileResult, logger: Logger): void {
    const { queue, backoff, metrics, name: controller } = this.#options;
    switch (result.kind) {
      case 'done':
        backoff.forget(item.key);
        metrics.reconciles.inc({ controller, result: 'success' });
        return;
      case 'after':
        backoff.forget(item.key);
        metrics.reconciles.inc({ controller, result: 'requeue_after' });
        queue.addAfter(item.key, result.ms, { priority: result.priority ?? item.priority });
        return;
      case 'backoff': {
        const waitInMs = Math.max(backoff.next(item.key), result.notBeforeInMs ?? 0);
        metrics.reconciles.inc({ controller, result: 'error' });
        metrics.reconcileErrors.inc({ controller });
        metrics.queueRetries.inc({ name: controller, controller });
        logger.debug('trying again later', { waitInMs, failures: backoff.failures(item.key) });
        queue.addAfter(item.key, waitInMs, { priority: result.priority ?? item.priority });
        return;
      }
      default:
        result satisfies never;
    }
  }
}
