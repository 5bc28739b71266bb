import type { PasswordlessConnection } from '../../../src/api/connection.generated.ts';
import { apiVersion } from '../../../src/api/names.ts';
import type { ConnectionPolicy } from '../../../src/api/policy.generated.ts';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import { connections, policies } from '../../../src/connection/resources.ts';
import { type ObjectKey, resourcePath } from '../../../src/runtime/resource.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { Engine } from './engine.ts';
import { MemoryAzure } from './memory-azure.ts';
import { type ApiAnswer, type ApiObject, MemoryKubernetes } from './memory-kubernetes.ts';

export const operatorNamespace = 'passwordless-system';
export const cluster = { issuer: 'https://issuer.example', hash: '00000000000000b2' } as const;
const namespace = 'shop';
const serviceAccount = 'orders';

/** Everything outside of the operator's process, for one connection. The database is real and outlives it. */
export class World {
  readonly engine: Engine;
  readonly clock = new FakeClock();
  readonly kubernetes = new MemoryKubernetes(() => this.clock.now());
  readonly azure: MemoryAzure;
  readonly key: ObjectKey;
  #ids = 0;

  constructor(engine: Engine, { name }: { readonly name: string }) {
    const { operator, ...ofWorkloads } = engine.identities;
    this.engine = engine;
    this.key = { namespace, name };
    this.azure = new MemoryAzure({ identities: [operator, ...Object.values(ofWorkloads)], server: engine.server });
    this.#create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccount, namespace } };
    this.#create(`/api/v1/namespaces/${namespace}/serviceaccounts`, account);
    this.#create(resourcePath(policies), { apiVersion, kind: policies.kind, metadata: { name: 'shop' }, spec: policySpec(engine) });
  }

  /** Unlike any before it. */
  newId(): string {
    this.#ids += 1;
    return String(this.#ids).padStart(8, '0');
  }

  /** The connection as it is now. */
  get connection(): PasswordlessConnection | undefined {
    return this.kubernetes.objects.get(resourcePath(connections, this.key)) as PasswordlessConnection | undefined;
  }

  connect(over: Partial<ConnectionSpec>): void {
    const metadata = { ...this.key };
    this.#create(resourcePath(connections, { namespace }), {
      apiVersion,
      kind: connections.kind,
      metadata,
      spec: specOf(this.engine, over),
    });
  }

  change(over: Partial<ConnectionSpec>): void {
    const { connection } = this;
    if (!connection) throw new Error('there is no connection to change');
    this.#send('PUT', resourcePath(connections, this.key), { ...connection, spec: { ...connection.spec, ...over } });
  }

  delete(): void {
    this.#send('DELETE', resourcePath(connections, this.key), {});
  }

  /** Whether a user is still to be tidied away. */
  get hasTombstones(): boolean {
    return this.kubernetes
      .list('configmaps')
      .some(({ data = {} }) => Object.keys(data as object).some((key) => key.startsWith('tombstone.')));
  }

  /** All that there is, a line for each thing; nothing in it is of one run alone. */
  async look(): Promise<readonly string[]> {
    const credentials = [...this.azure.credentials].flatMap(([identity, all]) =>
      [...all].map(([name, credential]) => `Azure: ${identity} accepts ${name} ${JSON.stringify(credential)}`),
    );
    const objects = [...this.kubernetes.objects]
      .filter(([, { kind }]) => kind !== 'Event')
      .flatMap(([path, object]) => leaves(lasting(object)).map((leaf) => `Kubernetes: ${path}${leaf}`));
    const database = (await this.engine.look()).map((line) => `database: ${line}`);
    return [...credentials, ...objects, ...database].sort();
  }

  #create(path: string, object: object): void {
    this.#send('POST', path, object);
  }

  #send(method: string, path: string, body: object): ApiAnswer {
    const answer = this.kubernetes.answer({ method, path, body: JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer;
  }
}

/** An object without what differs from run to run. */
function lasting(object: ApiObject): unknown {
  const { resourceVersion: _version, creationTimestamp: _created, uid: _uid, deletionTimestamp: _deleted, ...metadata } = object.metadata;
  const withoutTimes = (key: string, value: unknown) => (key === 'lastTransitionTime' ? undefined : value);
  return JSON.parse(JSON.stringify({ ...object, metadata }, withoutTimes));
}

/** A line for each value in a JSON value: where it is, and what. */
function leaves(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [`: ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, part]) => leaves(part).map((leaf) => ` ${key}${leaf}`));
}

function specOf({ type, database, server, schemas, identities }: Engine, over: Partial<ConnectionSpec>): ConnectionSpec {
  return {
    workload: { type: 'ServiceAccount', serviceAccount: { name: serviceAccount } },
    identity: { type: 'UserAssigned', userAssigned: { resourceId: identities.first.resourceId } },
    target: { type, serverId: server.resourceId, database },
    access: { profile: 'ReadWrite', futureObjects: true, ...(schemas && { schemas: [...schemas] }) } as ConnectionSpec['access'],
    output: { secret: { name: 'orders-db' } },
    ...over,
  };
}

function policySpec({ server, database, schemas, identities }: Engine): ConnectionPolicy['spec'] {
  const { operator: _, ...ofWorkloads } = identities;
  return {
    namespaces: { names: [namespace] },
    identities: { userAssigned: Object.values(ofWorkloads).map(({ resourceId }) => resourceId) },
    targets: [
      {
        servers: [server.resourceId],
        databases: [database],
        profiles: ['ReadOnly', 'ReadWrite'],
        ...(schemas && { schemas: [...schemas] }),
      },
    ],
  } as ConnectionPolicy['spec'];
}
