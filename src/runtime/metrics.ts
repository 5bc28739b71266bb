import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What the runtime measures, under the names of controller-runtime and client-go, so that their dashboards and alerts work unchanged.
 * https://book.kubebuilder.io/reference/metrics-reference
 */
export interface RuntimeMetrics {
  readonly registry: Registry;
  readonly requests: Counter<'code' | 'method' | 'host'>;
  readonly requestSeconds: Histogram<'verb' | 'host'>;
  readonly reconciles: Counter<'controller' | 'result'>;
  readonly reconcileErrors: Counter<'controller'>;
  readonly reconcilePanics: Counter<'controller'>;
  readonly reconcileTimeouts: Counter<'controller'>;
  readonly reconcileSeconds: Histogram<'controller'>;
  readonly maxConcurrentReconciles: Gauge<'controller'>;
  readonly activeWorkers: Gauge<'controller'>;
  readonly queueDepth: Gauge<'name' | 'controller' | 'priority'>;
  readonly queueAdds: Counter<'name' | 'controller'>;
  readonly queueRetries: Counter<'name' | 'controller'>;
  readonly queueSeconds: Histogram<'name' | 'controller'>;
  readonly workSeconds: Histogram<'name' | 'controller'>;
  readonly unfinishedWorkSeconds: Gauge<'name' | 'controller'>;
  readonly longestRunningSeconds: Gauge<'name' | 'controller'>;
  readonly watchRestarts: Counter<'kind' | 'cause'>;
  readonly lists: Counter<'kind' | 'result'>;
  readonly storedObjects: Gauge<'kind'>;
  readonly events: Counter<'result'>;
}

const reconcileBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];
const queueBuckets = [0.001, 0.01, 0.1, 1, 10, 100, 1000];

/** A registry of its own, with Node's metrics when asked for: two runtimes in one process don't disturb each other. */
export function createRuntimeMetrics(options: { readonly nodeMetrics?: boolean } = {}): RuntimeMetrics {
  const registry = new Registry();
  if (options.nodeMetrics) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) => new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) => new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram({ name, help, buckets, labelNames, registers });
  return {
    registry,
    requests: counter('rest_client_requests_total', 'Kubernetes API requests by answer', 'code', 'method', 'host'),
    requestSeconds: histogram('rest_client_request_duration_seconds', 'Seconds until the answer began', queueBuckets, 'verb', 'host'),
    reconciles: counter('controller_runtime_reconcile_total', 'Reconciles by result', 'controller', 'result'),
    reconcileErrors: counter('controller_runtime_reconcile_errors_total', 'Reconciles that failed', 'controller'),
    reconcilePanics: counter('controller_runtime_reconcile_panics_total', 'Reconciles that threw', 'controller'),
    reconcileTimeouts: counter('controller_runtime_reconcile_timeouts_total', 'Reconciles that ran out of time', 'controller'),
    reconcileSeconds: histogram('controller_runtime_reconcile_time_seconds', 'Seconds of a reconcile', reconcileBuckets, 'controller'),
    maxConcurrentReconciles: gauge('controller_runtime_max_concurrent_reconciles', 'Number of workers', 'controller'),
    activeWorkers: gauge('controller_runtime_active_workers', 'Workers that are reconciling', 'controller'),
    queueDepth: gauge('workqueue_depth', 'Keys ready to be taken', 'name', 'controller', 'priority'),
    queueAdds: counter('workqueue_adds_total', 'Keys added', 'name', 'controller'),
    queueRetries: counter('workqueue_retries_total', 'Keys added again after a failure', 'name', 'controller'),
    queueSeconds: histogram('workqueue_queue_duration_seconds', 'Seconds from ready to taken', queueBuckets, 'name', 'controller'),
    workSeconds: histogram('workqueue_work_duration_seconds', 'Seconds from taken to done', queueBuckets, 'name', 'controller'),
    unfinishedWorkSeconds: gauge('workqueue_unfinished_work_seconds', 'Seconds of all work in progress', 'name', 'controller'),
    longestRunningSeconds: gauge(
      'workqueue_longest_running_processor_seconds',
      'Seconds of the longest work in progress',
      'name',
      'controller',
    ),
    watchRestarts: counter('reflector_watch_restarts_total', 'Watches that ended, by cause', 'kind', 'cause'),
    lists: counter('reflector_lists_total', 'Lists by result', 'kind', 'result'),
    storedObjects: gauge('reflector_objects', 'Objects in the store', 'kind'),
    events: counter('event_recorder_events_total', 'Events by result', 'result'),
  };
}
