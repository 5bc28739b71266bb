import type { PasswordlessConnection } from './api/connection.generated.ts';
import { operatorName } from './api/names.ts';
import type { ConnectionPolicy } from './api/policy.generated.ts';
import { Arm } from './azure/arm.ts';
import { operatorCredential, operatorIds } from './azure/credential.ts';
import { DatabaseToken } from './azure/database-token.ts';
import { RateBudget } from './azure/rate-budget.ts';
import { createAzureCalls } from './azure/reads.ts';
import type { Config } from './config.ts';
import { Abandonments } from './connection/abandonments.ts';
import type { Deps } from './connection/deps.ts';
import { DriftSchedule } from './connection/drift-schedule.ts';
import { FirewallWindows } from './connection/firewall-windows.ts';
import { Ledger } from './connection/ledger.ts';
import { Metrics } from './connection/metrics.ts';
import { Orphans } from './connection/orphans.ts';
import { readOwnerCredentials } from './connection/owner-credentials.ts';
import { verdictText } from './connection/permit.ts';
import { reconcilePolicy } from './connection/policy-status.ts';
import { reconcile } from './connection/reconcile.ts';
import { connections, type Namespace, namespaces, policies } from './connection/resources.ts';
import { serverSetupBy } from './connection/server-setup.ts';
import { Tombstones } from './connection/tombstones.ts';
import { Waker } from './connection/wake.ts';
import { Withdrawals } from './connection/withdrawals.ts';
import { createIdentities } from './identities/create-identities.ts';
import { Backoff, TokenBucket } from './runtime/backoff.ts';
import { type Clock, systemClock } from './runtime/clock.ts';
import { Controller } from './runtime/controller.ts';
import { EventRecorder } from './runtime/event-recorder.ts';
import { together, whenChanged } from './runtime/handlers.ts';
import { KubeClient } from './runtime/kube-client.ts';
import { loadKubeConfig } from './runtime/kube-config.ts';
import { KubeTransport } from './runtime/kube-transport.ts';
import { createLogger, type Logger } from './runtime/logger.ts';
import { createRuntimeMetrics } from './runtime/metrics.ts';
import { type Handlers, Reflector } from './runtime/reflector.ts';
import { keyOf, keyText, type Resource } from './runtime/resource.ts';
import { StatusServer } from './runtime/server.ts';
import { StatusWriter } from './runtime/status-writer.ts';
import { ObjectStore } from './runtime/store.ts';
import { WorkQueue } from './runtime/work-queue.ts';
import { createTargets } from './targets/create-targets.ts';
import { clusterHash } from './targets/mark.ts';
import type { Cancellable } from './targets/target.ts';
import { createWorkloads } from './workloads/create-workloads.ts';

/** Where chance comes from. */
export interface Chance {
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly newId: () => string;
}

/** The longest that one pass over one connection may take. */
const reconcileDeadlineInMs = 5 * 60_000;
/** How long passes under way may go on when the operator is told to stop; below Kubernetes' grace period of 30 s. */
const drainInMs = 20_000;
/** How long after a change the connections of policies are counted: many changes are counted once. */
const countAfterInMs = 2_000;
/** Between two tries at what the operator can't start without. */
const startRetryInMs = 2_000;

/** Puts the operator together and runs it until the signal. Rejects when it can't even begin, for example without a kubeconfig. */
export async function runOperator(config: Config, { random, newId }: Chance, { signal }: Cancellable): Promise<void> {
  const clock = systemClock;
  const logger = createLogger({ level: config.logLevel });
  const metrics = createRuntimeMetrics({ nodeMetrics: true });
  const transport = new KubeTransport(loadKubeConfig(config.kubeconfig));
  const client = new KubeClient({ transport, clock, metrics });

  const stores = {
    connections: new ObjectStore<PasswordlessConnection>(),
    policies: new ObjectStore<ConnectionPolicy>(),
    namespaces: new ObjectStore<Namespace>(),
  };
  const queue = new WorkQueue({ name: 'passwordlessconnection', clock, metrics });
  const { host, port } = config.metrics;
  let started = false;
  const server = new StatusServer({
    host,
    port,
    metrics,
    healthy: {},
    ready: {
      caches: () => (Object.values(stores).every((store) => store.isSynced) ? undefined : 'not synced yet'),
      start: () => (started ? undefined : 'not signed in to Azure and Kubernetes yet'),
    },
    beforeMetrics: () => queue.measure(),
  });
  logger.info('the operator starts', { metrics: await server.start(), cloud: config.cloud.name, kubernetes: transport.host });
  if (config.cloud.name === 'custom') logger.warn('--cloud=custom: tokens go to the endpoints and hosts given on the command line');

  // outlives the signal, because passes under way still ask the caches whether they are permitted
  const watch = new AbortController();
  try {
    const { credential: signIn, cloud } = config;
    const newCredential = () => operatorCredential({ ...signIn, tokenFilePath: signIn.tokenFile }, cloud);
    const token = new DatabaseToken(newCredential, cloud.ossrdbmsScope, clock);
    const sqlToken = new DatabaseToken(newCredential, cloud.sqlScope, clock);
    const ids = await insistently('Entra', async () => operatorIds(await token.get({ signal })), { clock, logger, signal });
    const cluster = await insistently('Kubernetes', () => readCluster(client, { signal }), { clock, logger, signal });
    logger.info('signed in', { clientId: ids.clientId, objectId: ids.objectId, issuer: cluster.issuer, cluster: cluster.hash });

    const connectionMetrics = new Metrics(metrics.registry);
    const arm = new Arm({
      cloud,
      credential: newCredential(),
      budget: new RateBudget(clock),
      onRequest: (request) => connectionMetrics.azureRequested(request),
    });
    const calls = createAzureCalls(arm, clock);
    const ledger = new Ledger({ client, namespace: config.namespace });
    const targets = createTargets({
      calls,
      cloud,
      token: (options) => token.get(options),
      sqlToken: (options) => sqlToken.get(options),
      operator: { principalId: ids.objectId, clientId: ids.clientId },
      ownerCredentials: (name, options) => readOwnerCredentials(client, { namespace: config.namespace, name }, options),
      notes: ledger.userNotes,
      clusterHash: cluster.hash,
      clock,
      logger,
    });
    const { workloads, hosts } = createWorkloads(client, arm, clock);
    const driftSchedule = new DriftSchedule({ intervalInMs: config.driftIntervalInMs, clock, random });
    const firewallWindows = new FirewallWindows({
      ledger,
      rules: calls,
      driftSchedule,
      clusterHash: cluster.hash,
      egressAddresses: config.egressAddresses,
      isAllowedAnywhere: () => stores.policies.list().some(allowsTemporaryRules),
      clock,
      logger,
    });
    const tombstones = new Tombstones({ ledger, targets, clock, logger });
    const eventIds = { newId: () => newId().replaceAll('-', '').slice(0, 16) };
    let relistPolicies = () => {};
    let relistConnections = () => {};
    const withdrawals = new Withdrawals({
      clock,
      graceInMs: config.withdrawalGraceInMs,
      maximum: config.maxWithdrawals,
      policies: stores.policies,
      connections: stores.connections,
      relist: () => relistPolicies(),
    });
    const deps: Deps = {
      client,
      ...stores,
      statusWriter: new StatusWriter({ client, resource: connections, store: stores.connections }),
      events: new EventRecorder({
        client,
        clock,
        logger,
        metrics,
        reportingController: operatorName,
        reportingInstance: config.instance,
        ...eventIds,
      }),
      targets,
      identities: createIdentities({ client, arm, calls, cloud, tenantId: ids.tenantId, hosts, clock }),
      workloads,
      ledger,
      serverSetup: serverSetupBy(calls, ids),
      firewallWindows,
      tombstones,
      withdrawals,
      abandonments: new Abandonments({ clock, afterInMs: config.abandonAfterInMs }),
      onWithdrawal: config.onWithdrawal,
      cluster,
      operator: { principalId: ids.objectId, clientId: ids.clientId, namespace: config.namespace },
      driftSchedule,
      clock,
      logger,
      metrics: connectionMetrics,
    };
    const orphans = new Orphans(deps, { maximum: config.maxWithdrawals, relist: () => relistConnections() });

    const policyQueue = new WorkQueue({ name: 'connectionpolicy', clock, metrics });
    const policyWriter = new StatusWriter({ client, resource: policies, store: stores.policies });
    const policyController = new Controller({
      name: 'connectionpolicy',
      queue: policyQueue,
      reconcile: (key, context) => reconcilePolicy(key, deps, policyWriter, { signal: context.signal }),
      workers: 1,
      deadlineInMs: reconcileDeadlineInMs,
      drainInMs,
      backoff: new Backoff({ baseInMs: 1_000, maxInMs: config.driftIntervalInMs, random }),
      clock,
      logger,
      metrics,
      newId,
    });
    const countAnew = () => {
      for (const policy of stores.policies.list()) policyQueue.add(keyText(keyOf(policy)), { afterInMs: countAfterInMs });
    };
    const verdictOf = (connection: PasswordlessConnection) => verdictText(connection, deps);
    const waker = new Waker({ queue, connections: stores.connections, clock, verdictOf });
    const controller = new Controller({
      name: 'passwordlessconnection',
      queue,
      reconcile: (key, context) => reconcile(key, { ...deps, logger: context.logger }, { signal: context.signal }),
      workers: config.workers,
      deadlineInMs: reconcileDeadlineInMs,
      drainInMs,
      backoff: new Backoff({
        baseInMs: 1_000,
        maxInMs: config.driftIntervalInMs,
        random,
        bucket: new TokenBucket({ perSecond: 10, burst: 100, clock }),
      }),
      clock,
      logger,
      metrics,
      newId,
    });
    const reflectorOf = <T extends PasswordlessConnection | ConnectionPolicy | Namespace>(
      resource: Resource<T>,
      store: ObjectStore<T>,
      handlers: Handlers<T>,
    ) => new Reflector({ client, resource, store, handlers, clock, random, logger, metrics });

    const policyReflector = reflectorOf(policies, stores.policies, together(waker.policies, whenChanged(countAnew)));
    relistPolicies = () => policyReflector.relist();
    const connectionReflector = reflectorOf(connections, stores.connections, together(waker.connections, whenChanged(countAnew)));
    relistConnections = () => connectionReflector.relist();
    const watching = [
      reflectorOf(namespaces, stores.namespaces, together(waker.namespaces, whenChanged(countAnew))),
      policyReflector,
      connectionReflector,
    ].map((reflector) => reflector.run({ signal: watch.signal }));
    started = true;
    await Promise.race([Promise.all(Object.values(stores).map((store) => store.synced)), aborted(signal)]);
    logger.info('the caches have synced', { connections: stores.connections.size, policies: stores.policies.size });
    await Promise.all([controller, policyController, tombstones, orphans, firewallWindows].map((each) => each.run({ signal })));
    watch.abort();
    await Promise.all([...watching, ...[...targets.values()].map((target) => target.close())]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    watch.abort();
    await server.close();
    await transport.close();
  }
  logger.info('the operator has stopped');
}

function allowsTemporaryRules({ spec }: ConnectionPolicy): boolean {
  return spec.targets.some(({ setup }) => setup?.temporaryFirewallRule === 'Allow');
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What tells this cluster from others: the issuer of its service-account tokens and the uid of kube-system. */
async function readCluster(client: KubeClient, { signal }: Cancellable): Promise<Deps['cluster']> {
  const discovery = (await client.raw('/.well-known/openid-configuration', { signal })) as { readonly issuer?: unknown };
  const system = await client.get(namespaces, { namespace: '', name: 'kube-system' }, { signal });
  if (typeof discovery.issuer !== 'string' || !system)
    throw new Error('the cluster names no issuer of service-account tokens, or has no kube-system');
  return { issuer: discovery.issuer, hash: clusterHash(discovery.issuer, system.metadata.uid) };
}

/** Tries until it works: without this the operator is nobody, and a restart would help no sooner. */
async function insistently<T>(
  what: string,
  attempt: () => Promise<T>,
  { clock, logger, signal }: Cancellable & { readonly clock: Clock; readonly logger: Logger },
): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      logger.warn(`${what} does not let the operator in yet`, { error });
      await clock.sleep(startRetryInMs, signal);
    }
  }
}
