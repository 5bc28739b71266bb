import type { PasswordlessConnection } from '../../../src/api/connection.generated.ts';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import { apiVersion, finalizer } from '../../../src/api/names.ts';
import type { ConnectionPolicy } from '../../../src/api/policy.generated.ts';
import type { ConnectionSpec, ConnectionStatus } from '../../../src/api/spec.ts';
import { inSync } from '../../../src/api/step.ts';
import type { FederatedCredential } from '../../../src/azure/federated-credentials.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { type ResourceId, resourceName } from '../../../src/azure/resource-id.ts';
import { Abandonments } from '../../../src/connection/abandonments.ts';
import type { Deps } from '../../../src/connection/deps.ts';
import { DriftSchedule } from '../../../src/connection/drift-schedule.ts';
import { Ledger } from '../../../src/connection/ledger.ts';
import type { Namespace } from '../../../src/connection/resources.ts';
import { Withdrawals } from '../../../src/connection/withdrawals.ts';
import { createUserAssigned } from '../../../src/identities/user-assigned.ts';
import type { KubeClient } from '../../../src/runtime/kube-client.ts';
import type { ObjectKey, Resource } from '../../../src/runtime/resource.ts';
import { StatusError } from '../../../src/runtime/status-error.ts';
import { ObjectStore } from '../../../src/runtime/store.ts';
import { type ClosedServer, SetupNeeded } from '../../../src/targets/setup-needed.ts';
import type { EndingRequest, ServerObservation, Target, UserObservation } from '../../../src/targets/target.ts';
import { createServiceAccountWorkload } from '../../../src/workloads/service-account.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { identityId, policy, serverId, spec } from '../policy/given.ts';

type Stored = { metadata: { name: string; namespace?: string; uid: string; resourceVersion: string } } & Record<string, unknown>;

/** The identities that the workbench's Azure has, by name; each one's ids follow from its place. */
export const identityNames = ['orders', 'reports', 'dba'] as const;

export function idsOf(name: string): { readonly clientId: string; readonly principalId: string } {
  const digit = identityNames.indexOf(name as (typeof identityNames)[number]) + 1;
  return { clientId: `${digit}1111111-1111-1111-1111-111111111111`, principalId: `${digit}2222222-2222-2222-2222-222222222222` };
}

const tenantId = '33333333-3333-3333-3333-333333333333';

/** Everything that a pass works with, in memory, with a database that is always in sync. `calls` are what it asked of Azure, the database and Kubernetes. */
export class Workbench {
  readonly calls: string[] = [];
  readonly connections = new ObjectStore<PasswordlessConnection>();
  readonly policies = new ObjectStore<ConnectionPolicy>();
  readonly namespaces = new ObjectStore<Namespace>();
  readonly objects = new Map<string, Stored>();
  readonly credentials = new Map<string, FederatedCredential[]>(identityNames.map((name) => [name, []]));
  readonly statuses: ConnectionStatus[] = [];
  readonly events: { readonly type: string; readonly reason: string; readonly note: string }[] = [];
  readonly clock = new FakeClock();
  /** Object ids of each server's administrators, by the server's name. */
  /** Of the one server behind every name. */
  serverIdentifier = '7';
  readonly administrators = new Map<string, readonly string[]>();
  /** Whether no server lets the operator in before it is made administrator. */
  needsAdministrator = false;
  /** What users with live marks each server has, by the server's name. */
  readonly marked = new Map<string, readonly EndingRequest[]>();
  /** The names of the users that were ended. */
  readonly ended: string[] = [];
  /** How many orphans each sweep left alone because they were too many. */
  readonly braked: number[] = [];
  /** Called before each call is carried out; may throw. What it promises is waited for by the look at the user. */
  before: (call: string) => void | Promise<void> = () => {};
  #version = 1;

  constructor() {
    this.namespaces.set({ apiVersion: 'v1', kind: 'Namespace', metadata: this.#metadata('shop', undefined) });
    this.policies.set({ apiVersion, kind: 'ConnectionPolicy', ...policy() } as unknown as ConnectionPolicy);
    this.put('serviceaccounts', { metadata: this.#metadata('orders', 'shop') });
  }

  /** A connection in the store and at the API server. */
  connect(
    name = 'orders',
    over: Partial<ConnectionSpec> = {},
    metadata: Partial<PasswordlessConnection['metadata']> = {},
  ): PasswordlessConnection {
    const connection = {
      apiVersion,
      kind: 'PasswordlessConnection',
      metadata: { ...this.#metadata(name, 'shop'), finalizers: [finalizer], ...metadata },
      spec: spec(over),
    } as unknown as PasswordlessConnection;
    this.change(connection);
    return connection;
  }

  change(connection: PasswordlessConnection): void {
    this.connections.set(connection);
    this.put('passwordlessconnections', connection as unknown as Stored);
  }

  put(plural: string, object: Stored): void {
    this.objects.set(`${plural}/${object.metadata.namespace}/${object.metadata.name}`, object);
  }

  object(plural: string, name: string, namespace = 'shop'): Stored | undefined {
    return this.objects.get(`${plural}/${namespace}/${name}`);
  }

  /** What the operator has in its memory after a start. */
  deps(): Deps {
    const deps = {
      client: this.#client(),
      connections: this.connections,
      policies: this.policies,
      namespaces: this.namespaces,
      statusWriter: {
        write: async (connection: PasswordlessConnection, status: ConnectionStatus) => {
          this.statuses.push(status);
          const stored = this.connections.get({ namespace: 'shop', name: connection.metadata.name });
          if (stored?.metadata.uid === connection.metadata.uid) this.connections.set({ ...stored, status });
          return 'written';
        },
      },
      events: { record: async (_: unknown, happening: Workbench['events'][number]) => void this.events.push(happening) },
      targets: new Map([['PostgreSQL', this.#target()]]),
      identities: new Map([['UserAssigned', this.#identities()]]),
      workloads: new Map([['ServiceAccount', createServiceAccountWorkload(this.#client())]]),
      ledger: new Ledger({ client: this.#client(), namespace: 'passwordless-system' }),
      firewallWindows: { loggedIn: () => {} },
      serverSetup: {
        setAdministrator: async (_id: ResourceId, { sid }: { readonly sid: string }) => {
          this.#call(`set administrator ${sid}`);
          this.needsAdministrator = false;
        },
      },
      tombstones: { wake: () => this.calls.push('wake tombstones') },
      withdrawals: new Withdrawals({
        clock: this.clock,
        graceInMs: 600_000,
        maximum: 20,
        policies: this.policies,
        connections: this.connections,
        relist: () => this.policies.markListed(this.clock.now()),
      }),
      abandonments: new Abandonments({ clock: this.clock, afterInMs: 300_000 }),
      onWithdrawal: 'disable',
      cluster: { issuer: 'https://issuer', hash: '0123456789abcdef' },
      operator: {
        principalId: '99999999-9999-9999-9999-999999999999',
        clientId: '88888888-8888-8888-8888-888888888888',
        namespace: 'passwordless-system',
      },
      driftSchedule: new DriftSchedule({ intervalInMs: 600_000, clock: this.clock, random: () => 0.5 }),
      clock: this.clock,
      logger: { info: () => {}, debug: () => {}, warn: () => {}, error: () => {} },
      metrics: {
        passed: () => {},
        forget: () => {},
        driftCorrected: () => {},
        orphanEnded: () => {},
        orphansBraked: (count: number) => void this.braked.push(count),
      },
    };
    return deps as unknown as Deps;
  }

  #call(call: string): void | Promise<void> {
    this.calls.push(call);
    return this.before(call);
  }

  #metadata(name: string, namespace: string | undefined) {
    this.#version += 1;
    const uid = `00000000-0000-0000-0000-${String(this.#version).padStart(12, '0')}`;
    const creationTimestamp = new Date(this.clock.now() + this.#version * 1000).toISOString();
    return { name, ...(namespace && { namespace }), uid, resourceVersion: String(this.#version), generation: 1, creationTimestamp };
  }

  #client(): KubeClient {
    const place = (resource: Resource, key: ObjectKey) => `${resource.plural}/${key.namespace}/${key.name}`;
    const client = {
      get: async (resource: Resource, key: ObjectKey) => {
        this.#call(`GET ${place(resource, key)}`);
        return this.objects.get(place(resource, key));
      },
      create: async (resource: Resource, object: Stored) => {
        const { name, namespace = '' } = object.metadata;
        this.#call(`POST ${place(resource, { name, namespace })}`);
        if (this.objects.has(place(resource, { name, namespace }))) throw new StatusError(409, 'AlreadyExists', 'already exists');
        this.put(resource.plural, { ...object, metadata: { ...this.#metadata(name, namespace), ...object.metadata } });
      },
      replace: async (resource: Resource, object: Stored) => {
        const { name, namespace = '', resourceVersion } = object.metadata;
        this.#call(`PUT ${place(resource, { name, namespace })}`);
        const found = this.objects.get(place(resource, { name, namespace }));
        if (!found) throw new StatusError(404, 'NotFound', 'not found');
        if (found.metadata.resourceVersion !== resourceVersion) throw new StatusError(409, 'Conflict', 'somebody else changed it');
        this.#version += 1;
        this.put(resource.plural, { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } });
      },
      delete: async (resource: Resource, key: ObjectKey) => {
        this.#call(`DELETE ${place(resource, key)}`);
        this.objects.delete(place(resource, key));
      },
      patchJson: async (resource: Resource, key: ObjectKey) => {
        this.#call(`PATCH ${place(resource, key)}`);
        const found = this.objects.get(place(resource, key));
        if (!found) throw new StatusError(404, 'NotFound', 'not found');
        return found;
      },
      listPages: async function* (this: Workbench, resource: Resource, { namespace }: { namespace: string }) {
        this.#call(`LIST ${resource.plural}/${namespace}`);
        const items = [...this.objects].filter(([path]) => path.startsWith(`${resource.plural}/${namespace}/`)).map(([, item]) => item);
        yield { items, resourceVersion: '1' };
      }.bind(this),
    };
    return client as unknown as KubeClient;
  }

  #identities() {
    const listOf = (name: string) => this.credentials.get(name) ?? [];
    return createUserAssigned({
      readIdentity: async (id) => {
        const name = resourceName(id);
        this.#call(`read identity ${name}`);
        return this.credentials.has(name) ? { resourceId: id, tenantId, ...idsOf(name), tags: {} } : undefined;
      },
      findIdentityByClientId: async (_subscription, clientId) => {
        this.#call(`find identity ${clientId}`);
        const name = identityNames.find((each) => idsOf(each).clientId === clientId);
        return name && { resourceId: requiredResourceId(identityId(name), 'userAssignedIdentity'), tenantId, ...idsOf(name), tags: {} };
      },
      createIdentity: async (id) => this.#call(`create identity ${resourceName(id)}`),
      deleteIdentity: async (id) => this.#call(`delete identity ${resourceName(id)}`),
      listFederatedCredentials: async (id) => {
        this.#call(`list credentials ${resourceName(id)}`);
        return [...listOf(resourceName(id))];
      },
      putFederatedCredential: async (id, credential) => {
        this.#call(`put credential ${resourceName(id)}`);
        this.credentials.set(resourceName(id), [...listOf(resourceName(id)), credential]);
      },
      deleteFederatedCredential: async (id, name) => {
        this.#call(`delete credential ${resourceName(id)}`);
        this.credentials.set(
          resourceName(id),
          listOf(resourceName(id)).filter((each) => each.name !== name),
        );
      },
    });
  }

  #target(): Target {
    const server = (id: ServerObservation['serverId']): ServerObservation => ({
      serverId: id,
      host: 'shared.example',
      administratorIds: this.administrators.get(resourceName(id)) ?? [],
      login: 'operator',
    });
    return {
      type: 'PostgreSQL',
      port: 5432,
      defaultUserName: (namespace, name) => `aad_${namespace}_${name}`,
      settings: () => ({ PGHOST: 'shared.example' }),
      observeServer: async ({ serverId: id }) => {
        this.#call(`observe server ${resourceName(id)}`);
        if (this.needsAdministrator) throw setupNeeded({ ...server(id), login: undefined, isBusy: false });
        return server(id);
      },
      observeUser: async ({ mark }) => {
        await this.#call('observe user');
        return { serverIdentifier: this.serverIdentifier, mark, boundElsewhere: false } satisfies UserObservation;
      },
      planUser: () => inSync,
      observeGrants: async () => {
        this.#call('observe grants');
      },
      planGrants: () => inSync,
      apply: async () => {},
      listMarked: async ({ serverId: id }) => {
        this.#call(`list marked ${resourceName(id)}`);
        return this.marked.get(resourceName(id)) ?? [];
      },
      identify: async () => this.serverIdentifier,
      end: async ({ serverId: id, userName }) => {
        this.#call('end user');
        this.ended.push(userName);
        const left = this.marked.get(resourceName(id))?.filter((each) => each.userName !== userName);
        this.marked.set(resourceName(id), left ?? []);
        return 'ended';
      },
      release: async () => {
        this.#call('release user');
        return 'released';
      },
      tidy: async () => {
        this.#call('tidy user');
        return { kind: 'gone' };
      },
      whenUnused: async () => {},
      close: async () => {},
    };
  }
}

function setupNeeded(server: ClosedServer): SetupNeeded {
  const refusal = new ConnectionError('waiting', 'NotEntraAdministrator', 'the operator is no administrator');
  return new SetupNeeded(refusal, { kind: 'administrator', sid: 'operator', directoryReaders: undefined }, server);
}

/** A refusal of Azure or the database. */
export function failure(reason: ConnectionError['reason'] = 'AzureError'): ConnectionError {
  return new ConnectionError('retry', reason, 'it did not work');
}

export { identityId, serverId };
