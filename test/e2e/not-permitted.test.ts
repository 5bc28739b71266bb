import { expect } from 'chai';
import type { ConnectionPolicy } from '../../src/api/policy.generated.ts';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { conditionOf, waitForReady } from '../support/connections.ts';
import {
  applyPolicy,
  askedSince,
  createConnection,
  deleteAllConnections,
  deletePolicy,
  eventually,
  identityId,
  inTime,
  newNamespace,
  newServiceAccount,
  sandbox,
  serverId,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

type PolicySpec = ConnectionPolicy['spec'];

/** Allows just what specOf asks for. */
function exactPolicy(namespace: string, change: (spec: PolicySpec) => void = () => {}): PolicySpec {
  const spec: PolicySpec = {
    namespaces: { names: [namespace] },
    workloads: { serviceAccounts: ['app'] },
    identities: { userAssigned: [identityId('shop-orders')] },
    targets: [{ servers: [serverId], databases: ['orders'], profiles: ['ReadWrite'] }],
  };
  change(spec);
  return spec;
}

function entry(spec: PolicySpec) {
  const [first] = spec.targets;
  if (!first) throw new Error('a policy without targets');
  return first;
}

const missing: readonly { readonly part: string; readonly change: (spec: PolicySpec) => void; readonly says: RegExp }[] = [
  { part: 'the namespace', change: (spec) => (spec.namespaces = { names: ['other'] }), says: /no ConnectionPolicy is for namespace/ },
  { part: 'the service account', change: (spec) => (spec.workloads = { serviceAccounts: ['other'] }), says: /serviceAccount/ },
  { part: 'the identity', change: (spec) => (spec.identities = { userAssigned: [identityId('other')] }), says: /identity/ },
  { part: 'the server', change: (spec) => (entry(spec).servers = [`${serverId}-2`]), says: /serverId/ },
  { part: 'the database', change: (spec) => (entry(spec).databases = ['billing']), says: /database/ },
  { part: 'the profile', change: (spec) => (entry(spec).profiles = ['ReadOnly']), says: /profile/ },
];

const root = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups';
const hostileIds = [
  `${root}/sandbox/providers/Microsoft.DBforPostgreSQL/flexibleServers/..`,
  `${root}/sandbox/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-x\\..\\shop-pg`,
  `${root}/sandbox/providers/Microsoft.DBforPostgreSQL/flexibleServers/%2e%2e`,
  `${root}/sandbox/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg?x=1`,
  `${root}/sandbox/providers/Microsoft.DBforPostgreSQL/flexibleServers/ѕhop-pg`,
];

describe('a connection that no policy allows', () => {
  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  it('is NotPermitted without any policy, and nobody was asked for it', async function () {
    this.timeout(testTimeout);
    await isNotPermitted(await newNamespace({ served: false }), specOf(), /no ConnectionPolicy is for namespace/);
  });

  for (const { part, change, says } of missing) {
    it(`is NotPermitted when the policy misses just ${part}, and nobody was asked for it`, async function () {
      this.timeout(testTimeout);
      const namespace = await newNamespace({ served: false });
      await applyPolicy('partial', exactPolicy(namespace, change));
      try {
        await isNotPermitted(namespace, specOf(), says);
      } finally {
        await deletePolicy('partial');
      }
    });
  }

  for (const id of hostileIds) {
    it(`is NotPermitted with the server id ${JSON.stringify(id.slice(root.length))}, though a pattern with * would fit`, async function () {
      this.timeout(testTimeout);
      const namespace = await newNamespace({ served: false });
      const anyServer = serverId.replace('shop-pg', '*');
      await applyPolicy(
        'partial',
        exactPolicy(namespace, (spec) => (entry(spec).servers = [anyServer])),
      );
      try {
        await isNotPermitted(
          namespace,
          specOf((spec) => (spec.target.serverId = id)),
          /serverId/,
        );
      } finally {
        await deletePolicy('partial');
      }
    });
  }

  it('is brought about as soon as a policy allows it, and says NotPermitted again when that policy goes, with its access untouched', async function () {
    this.timeout(testTimeout);
    const { controlPlane } = await sandbox();
    const namespace = await newNamespace({ served: false });
    await newServiceAccount(namespace);
    const key = { namespace, name: 'c' };
    await createConnection(key, specOf());
    await waitForReady(controlPlane.api, key, { status: 'False', reason: 'NotPermitted' }, inTime());
    await applyPolicy('partial', exactPolicy(namespace));
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    const policy = async () =>
      (await controlPlane.api.request('GET', '/apis/dbaccess.dev/v1alpha1/connectionpolicies/partial', {}, inTime())).status;
    await eventually(async () => (await policy()).connections === 1, { withinInMs: 15_000 });
    expect(await policy()).to.include({ namespaces: 1, observedGeneration: 1 });
    await deletePolicy('partial');
    await waitForReady(controlPlane.api, key, { status: 'False', reason: 'NotPermitted' }, inTime());
    const secret = await controlPlane.api.answer('GET', `/api/v1/namespaces/${namespace}/secrets/c`, {}, inTime());
    expect(secret.status).to.equal(200);
  });
});

async function isNotPermitted(namespace: string, spec: ConnectionSpec, says: RegExp): Promise<void> {
  const { controlPlane, journal } = await sandbox();
  await newServiceAccount(namespace);
  const key = { namespace, name: 'refused' };
  const before = journal.list().length;
  await createConnection(key, spec);
  const connection = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'NotPermitted' }, inTime());
  expect(conditionOf(connection, 'Ready')?.message).to.match(says);
  expect(conditionOf(connection, 'Stalled')?.status).to.equal('True');
  expect(connection.metadata.finalizers ?? [], 'no finalizer, since nothing was made').to.deep.equal([]);
  expect(await askedSince(before)).to.deep.equal([]);
}
