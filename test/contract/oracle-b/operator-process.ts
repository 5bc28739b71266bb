import type { PasswordlessConnection } from '../../../src/api/connection.generated.ts';
import type { ConnectionPolicy } from '../../../src/api/policy.generated.ts';
import { createAzureCalls } from '../../../src/azure/reads.ts';
import { Abandonments } from '../../../src/connection/abandonments.ts';
import type { Deps } from '../../../src/connection/deps.ts';
import { DriftSchedule } from '../../../src/connection/drift-schedule.ts';
import { FirewallWindows } from '../../../src/connection/firewall-windows.ts';
import { Ledger } from '../../../src/connection/ledger.ts';
import { Metrics } from '../../../src/connection/metrics.ts';
import { reconcile } from '../../../src/connection/reconcile.ts';
import { connections, type Namespace } from '../../../src/connection/resources.ts';
import { serverSetupBy } from '../../../src/connection/server-setup.ts';
import { Tombstones } from '../../../src/connection/tombstones.ts';
import { Withdrawals } from '../../../src/connection/withdrawals.ts';
import { createUserAssigned } from '../../../src/identities/user-assigned.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { ReconcileResult } from '../../../src/runtime/controller.ts';
import { Deadline } from '../../../src/runtime/deadline.ts';
import { EventRecorder } from '../../../src/runtime/event-recorder.ts';
import type { Logger } from '../../../src/runtime/logger.ts';
import { createRuntimeMetrics } from '../../../src/runtime/metrics.ts';
import { keyOf, type ObjectKey } from '../../../src/runtime/resource.ts';
import { isStatusError } from '../../../src/runtime/status-error.ts';
import { StatusWriter } from '../../../src/runtime/status-writer.ts';
import { ObjectStore } from '../../../src/runtime/store.ts';
import type { Target } from '../../../src/targets/target.ts';
import { createServiceAccountWorkload } from '../../../src/workloads/service-account.ts';
import type { Boundaries } from './boundary.ts';
import { kubeClientOn } from './kube-line.ts';
import { Line } from './line.ts';
import { MemoryArm } from './memory-azure.ts';
import type { ApiChange, ApiObject } from './memory-kubernetes.ts';
import { cluster, operatorNamespace, type World } from './world.ts';

/** How a pass ended: with a result, with the end of the process, or with an error that the controller tries again. */
export type PassEnd = ReconcileResult | { readonly kind: 'died' } | { readonly kind: 'threw'; readonly error: unknown };

export interface ProcessOptions {
  /** Of the phase under way. */
  readonly boundaries: () => Boundaries;
  readonly random: () => number;
  /** Whether what is written comes back through the watch only before the next pass. */
  readonly watchLags: boolean;
}

/** As the controller limits a pass. */
const passLimitInMs = 5 * 60_000;

const runtimeMetrics = createRuntimeMetrics();
const metrics = new Metrics(runtimeMetrics.registry);
const silent = { info: () => {}, debug: () => {}, warn: () => {}, error: () => {}, child: () => silent } as unknown as Logger;

/** One life of the operator's process, put together as in operator.ts: what it knows it has from a list when it starts, and the watch after that. */
export class OperatorProcess {
  readonly #world: World;
  readonly #line: Line;
  readonly #target: Target;
  readonly #deps: Deps;
  readonly #stores = {
    connections: new ObjectStore<PasswordlessConnection>(),
    policies: new ObjectStore<ConnectionPolicy>(),
    namespaces: new ObjectStore<Namespace>(),
  };
  readonly #unwatch: () => void;
  readonly #late: ApiChange[] = [];
  readonly #rests = new Rests();

  constructor(world: World, { boundaries, random, watchLags }: ProcessOptions) {
    const { clock, engine, kubernetes } = world;
    this.#world = world;
    this.#line = new Line({ boundaries, clock });
    const calls = createAzureCalls(new MemoryArm(world.azure, { line: this.#line, clock }), clock);
    for (const plural of Object.keys(storeOf)) for (const object of kubernetes.list(plural)) this.#learn({ plural, object, gone: false });
    for (const store of Object.values(this.#stores)) store.markListed(clock.now());
    this.#unwatch = kubernetes.watch((change) => (watchLags ? this.#late.push(change) : this.#learn(change)));
    const client = kubeClientOn(this.#line, kubernetes, { clock, metrics: runtimeMetrics });
    const ledger = new Ledger({ client, namespace: operatorNamespace });
    this.#target = engine.newTarget({ calls, line: this.#line, clock, notes: ledger.userNotes });
    const targets = new Map([[this.#target.type, this.#target]]);
    const { operator } = engine.identities;
    const driftSchedule = new DriftSchedule({ intervalInMs: 600_000, clock, random });
    this.#deps = {
      client,
      ...this.#stores,
      statusWriter: new StatusWriter({ client, resource: connections, store: this.#stores.connections }),
      events: new EventRecorder({
        client,
        clock,
        logger: silent,
        metrics: runtimeMetrics,
        reportingController: 'operator',
        reportingInstance: 'operator-0',
        newId: () => world.newId(),
      }),
      targets,
      identities: new Map([['UserAssigned', createUserAssigned(calls)]]),
      workloads: new Map([['ServiceAccount', createServiceAccountWorkload(client)]]),
      ledger,
      serverSetup: serverSetupBy(calls, { objectId: operator.principalId, clientId: operator.clientId, tenantId: operator.clientId }),
      firewallWindows: new FirewallWindows({
        ledger,
        rules: calls,
        driftSchedule,
        clusterHash: cluster.hash,
        egressAddresses: [],
        isAllowedAnywhere: () => false,
        clock,
        logger: silent,
      }),
      tombstones: new Tombstones({ ledger, targets, clock: this.#rests.on(clock), logger: silent }),
      withdrawals: new Withdrawals({ ...this.#stores, clock, graceInMs: 600_000, maximum: 20, relist: () => {} }),
      abandonments: new Abandonments({ clock, afterInMs: 300_000 }),
      onWithdrawal: 'disable',
      cluster,
      operator: { principalId: operator.principalId, clientId: operator.clientId, namespace: operatorNamespace },
      driftSchedule,
      clock,
      logger: silent,
      metrics,
    };
  }

  /** The name of the connection's user. */
  get userName(): string {
    const { namespace, name } = this.#world.key;
    return this.#target.defaultUserName(namespace, name);
  }

  /** One pass, as the controller runs it. Rejects with what the controller doesn't expect. */
  async pass(key: ObjectKey): Promise<PassEnd> {
    this.#catchUp();
    using limit = new Deadline({ clock: this.#world.clock, afterInMs: passLimitInMs, parent: new AbortController().signal });
    const end = await Promise.race([
      reconcile(key, this.#deps, { signal: limit.signal }).catch((error: unknown): PassEnd => {
        if (!limit.signal.aborted && !isStatusError(error)) throw error;
        return { kind: 'threw', error };
      }),
      this.#line.ended.then((): PassEnd => ({ kind: 'died' })),
    ]);
    await this.#line.settled();
    return end;
  }

  /** Looks at the tombstones again and again until the question is answered with yes, at most so many times. Answers how that ended. */
  async tidyUntil(isDone: () => boolean, rounds: number): Promise<'done' | 'died' | 'undone'> {
    const stop = new AbortController();
    const running = this.#deps.tombstones.run({ signal: stop.signal });
    const died = this.#line.ended.then(() => undefined);
    try {
      for (let round = 0; round <= rounds; round += 1) {
        const pauseInMs = await Promise.race([this.#rests.next(), died]);
        await this.#line.settled();
        if (pauseInMs === undefined) return 'died';
        if (isDone()) return 'done';
        await this.#world.clock.advance(pauseInMs);
      }
      return 'undone';
    } finally {
      stop.abort();
      await Promise.race([running, died]);
    }
  }

  /** Ends the process: its sessions are closed, and nobody hears of it any more. */
  async end(): Promise<void> {
    this.#unwatch();
    await this.#target.close();
  }

  #catchUp(): void {
    for (const change of this.#late.splice(0)) this.#learn(change);
  }

  #learn({ plural, object, gone }: ApiChange): void {
    const name = storeOf[plural];
    if (!name) return;
    const store = this.#stores[name] as unknown as ObjectStore<ApiObject>;
    if (gone) store.remove(keyOf(object));
    else store.set(object);
  }
}

/** Which store the objects of a resource are kept in, by its plural. */
const storeOf: Readonly<Record<string, 'connections' | 'policies' | 'namespaces'>> = {
  passwordlessconnections: 'connections',
  connectionpolicies: 'policies',
  namespaces: 'namespaces',
};

/** When somebody goes to sleep, and for how long: then nothing is under way. */
class Rests {
  #coming = Promise.withResolvers<number>();

  on(clock: Clock): Clock {
    const sleep = (ms: number, signal: AbortSignal) => {
      this.#coming.resolve(ms);
      return clock.sleep(ms, signal);
    };
    return { now: () => clock.now(), sleep };
  }

  /** Milliseconds of the next sleep, or of the one that nobody asked about yet. */
  async next(): Promise<number> {
    const ms = await this.#coming.promise;
    this.#coming = Promise.withResolvers<number>();
    return ms;
  }
}
