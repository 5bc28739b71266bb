import { expect } from 'chai';
import { finalizer } from '../../src/api/names.ts';
import type { KubernetesApi } from '../sandbox/control-plane/kubernetes-api.ts';
import { Applier, applyCrds, readManifests } from '../sandbox/control-plane/manifests.ts';
import { controlPlane, eventually, startTimeout } from './support.ts';

const root = new URL('../../', import.meta.url);
const namespace = 'finalizer-test';
const operator = { namespace: 'passwordless-system', name: 'passwordless-operator' };
const connections = `/apis/dbaccess.dev/v1alpha1/namespaces/${namespace}/passwordlessconnections`;
const foreignFinalizer = 'example.com/of-somebody-else';

const spec = {
  workload: { type: 'ServiceAccount', serviceAccount: { name: 'app' } },
  identity: {
    type: 'UserAssigned',
    userAssigned: {
      resourceId:
        '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app',
    },
  },
  target: {
    type: 'PostgreSQL',
    serverId:
      '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg',
    database: 'app',
  },
  access: { profile: 'ReadOnly' },
};

describe('deploy/admission-policy.yaml', function () {
  this.timeout(20_000);
  const signal = AbortSignal.timeout(startTimeout);
  let admin: KubernetesApi;
  let editorApi: KubernetesApi;
  let operatorApi: KubernetesApi;

  before(async function () {
    this.timeout(startTimeout);
    ({ api: admin } = await controlPlane());
    await applyCrds(admin, await readManifests(new URL('crds/passwordlessconnections.yaml', root), { signal }), { signal });
    const applier = await Applier.create(admin, { signal });
    for (const name of [namespace, operator.namespace])
      await applier.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal });
    const editor = { namespace, name: 'editor' };
    for (const account of [editor, operator])
      await applier.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account }, { signal });
    await applier.apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'editor', namespace },
        rules: [{ apiGroups: ['dbaccess.dev'], resources: ['passwordlessconnections'], verbs: ['*'] }],
      },
      { signal },
    );
    await applier.apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'editor', namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'editor' },
        subjects: [editor, operator].map((account) => ({ kind: 'ServiceAccount', ...account })),
      },
      { signal },
    );
    editorApi = await as(editor);
    operatorApi = await as(operator);

    for (const manifest of await readManifests(new URL('deploy/admission-policy.yaml', root), { signal }))
      await applier.apply(manifest, { signal });
    await create('probe', [finalizer]);
    // The API server takes a policy up a moment after it was stored.
    await eventually('the policy is active', async () => {
      return (await patch(editorApi, 'probe', { metadata: { finalizers: null } }, '?dryRun=All')).status === 422;
    });
  });

  beforeEach(async () => {
    await create('orders', [finalizer, foreignFinalizer]);
  });

  afterEach(async () => {
    await patch(operatorApi, 'orders', { metadata: { finalizers: null } });
    await admin.answer('DELETE', `${connections}/orders`, {}, { signal });
  });

  after(async () => {
    await patch(operatorApi, 'probe', { metadata: { finalizers: null } });
    await admin.answer('DELETE', `${connections}/probe`, {}, { signal });
    await Promise.all([editorApi, operatorApi].map((each) => each.close()));
  });

  async function as(account: { readonly namespace: string; readonly name: string }): Promise<KubernetesApi> {
    const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
    const { status } = await admin.request('POST', path, { body: { spec: {} } }, { signal });
    return admin.as({ token: status.token });
  }

  async function create(name: string, finalizers: readonly string[]) {
    const body = { apiVersion: 'dbaccess.dev/v1alpha1', kind: 'PasswordlessConnection', metadata: { name, finalizers }, spec };
    await admin.request('POST', connections, { body }, { signal });
  }

  async function patch(api: KubernetesApi, name: string, body: object, query = '') {
    return api.answer('PATCH', `${connections}/${name}${query}`, { body, contentType: 'application/merge-patch+json' }, { signal });
  }

  async function finalizersOf(name: string): Promise<unknown> {
    return (await admin.request('GET', `${connections}/${name}`, {}, { signal })).metadata.finalizers;
  }

  for (const [what, finalizers] of [
    ['all finalizers', null],
    ["the operator's finalizer", [foreignFinalizer]],
  ] as const) {
    it(`keeps an editor from taking ${what} off, and says how else to get rid of the resource`, async () => {
      const { status, body } = await patch(editorApi, 'orders', { metadata: { finalizers } });
      expect(status).to.equal(422);
      expect(body.message).to.contain('dbaccess.dev/abandon=true');
      expect(await finalizersOf('orders')).to.deep.equal([finalizer, foreignFinalizer]);
    });
  }

  it('keeps an editor from doing so while the resource is being deleted', async () => {
    await editorApi.request('DELETE', `${connections}/orders`, {}, { signal });
    const { status } = await patch(editorApi, 'orders', { metadata: { finalizers: null } });
    expect(status).to.equal(422);
    expect(await finalizersOf('orders')).to.deep.equal([finalizer, foreignFinalizer]);
  });

  it('keeps even an administrator of the cluster from it', async () => {
    expect((await patch(admin, 'orders', { metadata: { finalizers: null } })).status).to.equal(422);
  });

  it('lets an editor take off the finalizer of somebody else, and change the rest', async () => {
    const { status } = await patch(editorApi, 'orders', {
      metadata: { finalizers: [finalizer] },
      spec: { access: { profile: 'ReadWrite' } },
    });
    expect(status).to.equal(200);
    expect(await finalizersOf('orders')).to.deep.equal([finalizer]);
  });

  it('lets the operator take its finalizer off', async () => {
    expect((await patch(operatorApi, 'orders', { metadata: { finalizers: [foreignFinalizer] } })).status).to.equal(200);
    expect(await finalizersOf('orders')).to.deep.equal([foreignFinalizer]);
  });

  it('leaves deletion working: an editor deletes, and the object goes when the operator is done', async () => {
    await patch(editorApi, 'orders', { metadata: { finalizers: [finalizer] } });
    expect((await editorApi.answer('DELETE', `${connections}/orders`, {}, { signal })).status).to.equal(200);
    expect(await finalizersOf('orders')).to.deep.equal([finalizer]);
    expect((await patch(operatorApi, 'orders', { metadata: { finalizers: null } })).status).to.equal(200);
    expect((await admin.answer('GET', `${connections}/orders`, {}, { signal })).status).to.equal(404);
  });
});
