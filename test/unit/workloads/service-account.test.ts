import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import type { KubeClient } from '../../../src/runtime/kube-client.ts';
import { secretText } from '../../../src/runtime/secret-text.ts';
import { createServiceAccountWorkload } from '../../../src/workloads/service-account.ts';
import type { WorkloadRequest } from '../../../src/workloads/workload.ts';

const clientId = '11111111-1111-1111-1111-111111111111';
const other = '22222222-2222-2222-2222-222222222222';
const tenantId = '33333333-3333-3333-3333-333333333333';
const identity = {
  clientId,
  tenantId,
  principalId: '44444444-4444-4444-4444-444444444444',
  resourceId: requiredResourceId(
    '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders',
    'userAssignedIdentity',
  ),
};
const client = 'azure.workload.identity/client-id';
const tenant = 'azure.workload.identity/tenant-id';
const written = 'dbaccess.dev/client-id';

const request: WorkloadRequest = {
  spec: { type: 'ServiceAccount', serviceAccount: { name: 'app' } },
  output: {},
  namespace: 'shop',
  connection: 'c',
  uid: 'uid',
  sharedWith: 'nobody',
  formerSecret: undefined,
  mark: { cluster: '00000000000000c1', connection: '00000000000000c2' },
  formerWorkload: undefined,
};

/** A pure question, so nobody is asked. */
const workload = createServiceAccountWorkload({} as KubeClient);

function answer(annotations: Record<string, string> | undefined, change: Partial<WorkloadRequest> = {}): string {
  const account = annotations && { metadata: { name: 'app', annotations } };
  try {
    const { steps } = workload.planIdentity({ ...request, ...change }, identity, account);
    return steps.map(({ kind }) => kind).join() || 'in sync';
  } catch (error) {
    return (error as ConnectionError).reason;
  }
}

describe('what a service account needs to stand for an identity', () => {
  const createIfMissing = { spec: { type: 'ServiceAccount', serviceAccount: { name: 'app', createIfMissing: true } } } as const;
  const ours = { [client]: clientId, [tenant]: tenantId, [written]: clientId };
  const table: readonly [string, Record<string, string> | undefined, Partial<WorkloadRequest>, string][] = [
    ['it is missing', undefined, {}, 'WorkloadNotFound'],
    ['it is missing and may be made', undefined, createIfMissing, 'create-service-account'],
    ['it has no annotations', {}, {}, 'annotate-service-account'],
    ['it has our annotations', ours, {}, 'in sync'],
    ['somebody annotated it with the same identity', { [client]: clientId }, {}, 'in sync'],
    ['somebody annotated it with the same identity in capitals', { [client]: clientId.toUpperCase() }, {}, 'in sync'],
    ['somebody annotated it with another identity', { [client]: other }, {}, 'ServiceAccountNotOwned'],
    [
      'somebody annotated it with the same identity in another tenant',
      { [client]: clientId, [tenant]: other },
      {},
      'ServiceAccountNotOwned',
    ],
    ['our annotation was changed behind our back', { ...ours, [client]: other }, {}, 'annotate-service-account'],
    ['our annotation was removed', { [written]: clientId, [tenant]: tenantId }, {}, 'annotate-service-account'],
    ['our tenant annotation was removed', { [client]: clientId, [written]: clientId }, {}, 'annotate-service-account'],
    [
      'we annotated it with the identity that the connection had before',
      { [client]: other, [tenant]: tenantId, [written]: other },
      {},
      'annotate-service-account',
    ],
    [
      'another connection needs the identity that it stands for',
      { [client]: other, [tenant]: tenantId, [written]: other },
      { sharedWith: 'other-identity' },
      'ServiceAccountNotOwned',
    ],
  ];
  for (const [what, annotations, change, expected] of table) {
    it(`${what}: ${expected}`, () => expect(answer(annotations, change)).to.equal(expected));
  }
});

describe('the service account of a service principal', () => {
  const principal = { ...identity, resourceId: undefined, clientSecret: secretText('s') };
  const plan = (account: unknown, change: Partial<WorkloadRequest> = {}) =>
    workload.planIdentity({ ...request, ...change }, principal, account);

  it('needs no annotations, since no token of its is exchanged', () => {
    expect(plan({ metadata: { name: 'app' } }).steps).to.deep.equal([]);
    expect(plan({ metadata: { name: 'app', annotations: { [client]: 'another' } } }).steps).to.deep.equal([]);
  });

  it('loses those that we wrote for an identity before, and keeps all else', async () => {
    const annotations = { [client]: clientId, [tenant]: tenantId, [written]: clientId, theirs: 'x' };
    const replaced: { readonly metadata: { readonly annotations: object } }[] = [];
    const account = { metadata: { name: 'app', annotations } };
    const { steps } = plan(account);
    expect(steps.map(({ summary }) => summary)).to.deep.equal([`take ${client} and ${tenant} off ServiceAccount shop/app`]);
    expect(plan(account, { sharedWith: 'same-identity' }).steps, 'a neighbour needs them').to.deep.equal([]);
    const api = { get: async () => account, replace: async (_: unknown, object: (typeof replaced)[number]) => replaced.push(object) };
    const { signal } = new AbortController();
    const context = { identity: principal, settings: {}, secretNames: new Set<string>() };
    await createServiceAccountWorkload(api as unknown as KubeClient).apply(steps, request, context, { beforeStep: () => {}, signal });
    expect(replaced[0]?.metadata.annotations).to.deep.equal({ theirs: 'x' });
  });

  it('is made where the spec asks for that, without them', async () => {
    const spec = { type: 'ServiceAccount', serviceAccount: { name: 'app', createIfMissing: true } } as const;
    const created: { readonly metadata: object }[] = [];
    const api = { get: async () => undefined, create: async (_: unknown, object: (typeof created)[number]) => created.push(object) };
    const { signal } = new AbortController();
    const { steps } = plan(undefined, { spec });
    const context = { identity: principal, settings: {}, secretNames: new Set<string>() };
    await createServiceAccountWorkload(api as unknown as KubeClient).apply(steps, { ...request, spec }, context, {
      beforeStep: () => {},
      signal,
    });
    expect(created[0]?.metadata).to.deep.include({ annotations: { [written]: clientId, 'dbaccess.dev/created': 'true' } });
  });
});
