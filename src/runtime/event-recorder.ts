import type { KubernetesObject } from '../api/object-meta.ts';
import { TokenBucket } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { KubeClient } from './kube-client.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { redactText } from './redact.ts';
import type { ObjectKey, Resource } from './resource.ts';
import { isNotFound } from './status-error.ts';

/** An Event as events.k8s.io/v1 has it: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
export interface KubernetesEvent extends KubernetesObject {
  readonly eventTime: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion?: string;
  };
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

export const events: Resource<KubernetesEvent> = { apiVersion: 'events.k8s.io/v1', plural: 'events', kind: 'Event', namespaced: true };

/** What happened, for a person: on transitions only, never once per loop. */
export interface Happening {
  readonly type: 'Normal' | 'Warning';
  /** PascalCase; one of the API's reasons. */
  readonly reason: string;
  /** What was done or tried, PascalCase. */
  readonly action: string;
  /** Cut at 1,024 bytes, tokens masked. */
  readonly note: string;
}

interface Series {
  readonly key: ObjectKey;
  readonly count: number;
  readonly lastAt: number;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patchJson'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly reportingController: string;
  /** The pod. */
  readonly reportingInstance: string;
  /** Makes the last part of an Event's name unique: lower-case letters and digits. */
  readonly newId: () => string;
  /** A repeat within this time after the last one is counted in the same Event; 6 minutes unless told, as in client-go. */
  readonly seriesInMs?: number;
  /** Requests per object: 10 in a burst and one a minute after that unless told. */
  readonly budget?: { readonly burst: number; readonly perSecond: number };
}

/** Writes Events. Repeats become a series of one Event, a talkative object runs out of budget, and a failure is only logged: Events are never worth one. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #logger: Logger;
  readonly #series = new Map<string, Series>();
  readonly #budgets = new Map<string, TokenBucket>();

  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ component: 'events' });
  }

  /** Never rejects. */
  async record(regarding: KubernetesObject, happening: Happening, options: { readonly signal: AbortSignal }): Promise<void> {
    const { clock, metrics } = this.#options;
    this.#prune(clock.now());
    const note = cutBytes(redactText(happening.note), 1024);
    if (!this.#budgetOf(regarding.metadata.uid).tryTake()) {
      metrics.events.inc({ result: 'over_budget' });
      return;
    }
    try {
      await this.#send(regarding, { ...happening, note }, options.signal);
      metrics.events.inc({ result: 'success' });
    } catch (error) {
      metrics.events.inc({ result: 'error' });
      this.#logger.warn('an Event was not written', { error, reason: happening.reason, kind: regarding.kind, ...keyForLog(regarding) });
    }
  }

  async #send(regarding: KubernetesObject, happening: Happening, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const id = JSON.stringify([regarding.metadata.uid, happening.type, happening.reason, happening.action, happening.note]);
    const now = clock.now();
    const series = this.#series.get(id);
    if (series !== undefined && !this.#isOver(series, now)) {
      const count = series.count + 1;
      // before the request, so that a repeat in the meantime counts on
      this.#series.set(id, { ...series, count, lastAt: now });
      try {
        const value = { count, lastObservedTime: microTime(now) };
        await client.patchJson(events, series.key, [{ op: 'add', path: '/series', value }], { signal });
        return;
      } catch (error) {
        // Events live for an hour or so
        if (!isNotFound(error)) throw error;
        this.#series.delete(id);
      }
    }
    const event = this.#eventOf(regarding, happening, now);
    this.#series.set(id, { key: { namespace: event.metadata.namespace, name: event.metadata.name }, count: 1, lastAt: now });
    try {
      await client.create(events, event, { signal });
    } catch (error) {
      this.#series.delete(id);
      throw error;
    }
  }

  #eventOf(regarding: KubernetesObject, happening: Happening, now: number) {
    const { reportingController, reportingInstance, newId } = this.#options;
    const { namespace, name, uid, resourceVersion } = regarding.metadata;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      // Events about cluster-scoped objects live in `default`
      metadata: { namespace: namespace ?? 'default', name: `${name.slice(0, 230).replace(/[.-]+$/, '')}.${newId()}` },
      eventTime: microTime(now),
      type: happening.type,
      reason: happening.reason,
      action: happening.action,
      note: happening.note,
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        ...(namespace === undefined ? {} : { namespace }),
        name,
        uid,
        resourceVersion,
      },
      reportingController,
      reportingInstance: reportingInstance.slice(0, 128),
    } as const;
  }

  #budgetOf(uid: string): TokenBucket {
    const { clock, budget = { burst: 10, perSecond: 1 / 60 } } = this.#options;
    const bucket = this.#budgets.get(uid) ?? new TokenBucket({ ...budget, clock });
    this.#budgets.set(uid, bucket);
    return bucket;
  }

  #isOver({ lastAt }: Series, now: number): boolean {
    const { seriesInMs = 360_000 } = this.#options;
    return now - lastAt > seriesInMs;
  }

  /** Forgets series that are over and budgets that are whole again, so that objects long gone take no memory. */
  #prune(now: number): void {
    if (now - this.#prunedAt < pruneEveryMs) return;
    this.#prunedAt = now;
    for (const [id, series] of this.#series) if (this.#isOver(series, now)) this.#series.delete(id);
    for (const [uid, bucket] of this.#budgets) if (bucket.isFull()) this.#budgets.delete(uid);
  }
}

/** Looking at all of them for each Event would cost more than the Events. */
const pruneEveryMs = 10_000;

/** RFC 3339 with microseconds, which `eventTime` and leases demand. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  // a character cut in two decodes to U+FFFD
  return `${bytes
    .subarray(0, limit - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`;
}

const keyForLog = (object: KubernetesObject) => ({ namespace: object.metadata.namespace ?? '', name: object.metadata.name });
