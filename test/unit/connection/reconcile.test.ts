import { expect } from 'chai';
import { ready } from '../../../src/api/conditions.ts';
import type { PolicyEntry } from '../../../src/api/spec.ts';
import { reconcile } from '../../../src/connection/reconcile.ts';
import { byClientId } from '../policy/given.ts';
import { failure, identityId, idsOf, serverId, Workbench } from './workbench.ts';

const signal = new AbortController().signal;
const key = { namespace: 'shop', name: 'orders' };

function readyOf(bench: Workbench) {
  return bench.statuses.at(-1)?.conditions?.find(({ type }) => type === ready);
}

function naming(identity: string) {
  return { identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId(identity) } } } as const;
}

function meaning(clientId: string) {
  return { ...byClientId, userAssigned: { ...byClientId.userAssigned, clientId } };
}

function credentialsOf(bench: Workbench): readonly string[] {
  return [...bench.credentials].filter(([, list]) => list.length > 0).map(([name]) => name);
}

describe('one pass over a connection', () => {
  let bench: Workbench;
  beforeEach(() => {
    bench = new Workbench();
  });

  it('brings it about, and writes nothing when it comes again', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    expect(readyOf(bench)?.reason).to.equal('InSync');
    bench.calls.splice(0);
    await reconcile(key, deps, { signal });
    expect(bench.calls.filter((call) => /^(put|delete|POST|PUT|PATCH|DELETE)/.test(call))).to.deep.equal([]);
  });

  describe('to a server that doesn’t let the operator in', () => {
    const isChange = (call: string) => call.startsWith('set administrator');

    function lend(setup: PolicyEntry['setup']): void {
      const shop = bench.policies.list()[0]!;
      const targets = shop.spec.targets.map(({ setup: _before, ...target }) => ({ ...target, ...(setup && { setup }) }));
      bench.policies.set({ ...shop, spec: { ...shop.spec, targets } } as typeof shop);
    }

    beforeEach(() => {
      bench.needsAdministrator = true;
      bench.connect();
    });

    it('sets it up as far as the policy allows, and goes on in the same pass', async () => {
      lend({ entraAdministrator: 'AddIfNone' });
      await reconcile(key, bench.deps(), { signal });
      expect(bench.calls.filter(isChange)).to.deep.equal(['set administrator operator']);
      expect(readyOf(bench)?.reason).to.equal('InSync');
    });

    it('says what is missing where the policy lends nothing', async () => {
      await reconcile(key, bench.deps(), { signal });
      expect(bench.calls.filter(isChange)).to.deep.equal([]);
      expect(readyOf(bench)).to.include({ status: 'False', reason: 'NotEntraAdministrator' });
    });

    it('changes nothing there when what was lent is taken back while it is at work', async () => {
      lend({ entraAdministrator: 'AddIfNone' });
      bench.before = (call) => {
        if (call.startsWith('observe server')) lend(undefined);
      };
      await reconcile(key, bench.deps(), { signal });
      expect(bench.calls.filter(isChange)).to.deep.equal([]);
    });

    it('takes no identity of its administrators for a workload’s, also before it is set up', async () => {
      lend({ entraAdministrator: 'AddIfNone' });
      bench.administrators.set('shared', [idsOf('orders').principalId]);
      await reconcile(key, bench.deps(), { signal });
      expect(readyOf(bench)).to.include({ reason: 'IdentityReserved' });
      expect(bench.calls.filter(isChange)).to.deep.equal([]);
      expect(credentialsOf(bench)).to.deep.equal([]);
    });

    it('sets it up for the end of an access too', async () => {
      lend({ entraAdministrator: 'AddIfNone' });
      bench.connect('orders', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
      await reconcile(key, bench.deps(), { signal });
      expect(bench.calls.filter(isChange)).to.deep.equal(['set administrator operator']);
      expect(bench.calls).to.include('end user');
    });
  });

  it('touches nothing for a resource that vanished before the finalizer was on it', async () => {
    const connection = bench.connect('orders', {}, { finalizers: [] });
    bench.objects.delete(`passwordlessconnections/shop/${connection.metadata.name}`);
    expect(await reconcile(key, bench.deps(), { signal })).to.deep.equal({ kind: 'done' });
    expect(bench.calls).to.deep.equal(['PATCH passwordlessconnections/shop/orders']);
  });

  it('is NotPermitted when the client id turns out to be that of an identity out of reach', async () => {
    const shop = bench.policies.list()[0]!;
    bench.policies.set({ ...shop, spec: { ...shop.spec, identities: { userAssigned: [identityId('reports')] } } });
    bench.connect('orders', { identity: byClientId });
    await reconcile(key, bench.deps(), { signal });
    expect(readyOf(bench)).to.include({ reason: 'NotPermitted' });
    expect(readyOf(bench)?.message).to.match(/clientId is not that of one of its identities/);
  });

  it('is NotPermitted when the policy goes while it is at work, and nothing is written after that', async () => {
    bench.connect();
    bench.before = (call) => {
      if (call.startsWith('list credentials')) bench.policies.remove({ namespace: '', name: 'shop' });
    };
    await reconcile(key, bench.deps(), { signal });
    expect(readyOf(bench)).to.include({ reason: 'NotPermitted' });
    expect(credentialsOf(bench)).to.deep.equal([]);
  });

  it('says nothing when the resource changed meanwhile, because the pass that follows speaks for it', async () => {
    const connection = bench.connect();
    bench.before = (call) => {
      if (call.startsWith('list credentials'))
        bench.connections.set({ ...connection, metadata: { ...connection.metadata, generation: 2 } });
    };
    expect(await reconcile(key, bench.deps(), { signal })).to.deep.equal({ kind: 'done' });
    expect(bench.events).to.deep.equal([]);
    expect(readyOf(bench)).to.equal(undefined);
  });

  it('says that it is at work when that takes more than a moment, and then how it went', async () => {
    bench.connect();
    bench.before = async (call) => {
      if (call === 'observe user') await bench.clock.advance(16_000);
    };
    await reconcile(key, bench.deps(), { signal });
    expect(bench.statuses.map(({ conditions }) => conditions?.find(({ type }) => type === 'Ready')?.reason)).to.deep.equal([
      'Progressing',
      'InSync',
    ]);
  });

  it('gives up and says so when a pass takes too long', async () => {
    bench.connect();
    bench.before = async (call) => {
      if (call === 'observe user') await bench.clock.advance(5 * 60_000);
    };
    expect(await reconcile(key, bench.deps(), { signal })).to.include({ kind: 'backoff' });
    expect(readyOf(bench)).to.include({ status: 'False', reason: 'NotConverging' });
    expect(readyOf(bench)?.message).to.match(/took longer/);
  });

  it('ends the federation of the former identity also when that fails at first', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    expect(credentialsOf(bench)).to.deep.equal(['orders']);

    const { spec, metadata, ...rest } = bench.connections.get(key)!;
    bench.change({ ...rest, metadata: { ...metadata, generation: 2 }, spec: { ...spec, ...naming('reports') } });
    bench.before = (call) => {
      if (call === 'delete credential orders') throw failure('Throttled');
    };
    await reconcile(key, deps, { signal });
    expect(readyOf(bench)).to.include({ reason: 'Throttled' });

    bench.before = () => {};
    await reconcile(key, deps, { signal });
    expect(readyOf(bench)?.reason).to.equal('InSync');
    expect(credentialsOf(bench)).to.deep.equal(['reports']);
  });

  it('ends the federation of the former service account, also when the new one was a mistake at first', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    for (const [generation, account] of [
      [2, 'odrers'],
      [3, 'orders-2'],
    ] as const) {
      if (account === 'orders-2')
        bench.put('serviceaccounts', { metadata: { ...bench.object('serviceaccounts', 'orders')!.metadata, name: account } });
      const { spec, metadata, ...rest } = bench.connections.get(key)!;
      const workload = { type: 'ServiceAccount', serviceAccount: { name: account } } as const;
      bench.change({ ...rest, metadata: { ...metadata, generation }, spec: { ...spec, workload } });
      await reconcile(key, deps, { signal });
    }
    expect(bench.credentials.get('orders')?.map(({ subject }) => subject)).to.deep.equal(['system:serviceaccount:shop:orders-2']);
  });

  it('deletes the Secret under the former name also when that fails at first', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    const { spec, metadata, ...rest } = bench.connections.get(key)!;
    bench.change({ ...rest, metadata: { ...metadata, generation: 2 }, spec: { ...spec, output: { secret: { name: 'renamed' } } } });
    bench.before = (call) => {
      if (call === 'DELETE secrets/shop/orders') throw failure('KubernetesError');
    };
    await reconcile(key, deps, { signal });
    bench.before = () => {};
    await reconcile(key, deps, { signal });
    expect([bench.object('secrets', 'orders'), bench.object('secrets', 'renamed') !== undefined]).to.deep.equal([undefined, true]);
  });

  it('does not call a stage ready that it has not seen', async () => {
    bench.connect();
    bench.before = (call) => {
      if (call.startsWith('observe server')) throw failure('ServerStopped');
    };
    await reconcile(key, bench.deps(), { signal });
    const conditions = bench.statuses.at(-1)?.conditions?.map(({ type, status }) => `${type}=${status}`);
    expect(conditions).to.include('ServerReady=False').and.not.to.include('IdentityReady=True');
  });

  it('refuses the administrator of another server that is served, also right after a start', async () => {
    bench.administrators.set('pay', [idsOf('dba').principalId]);
    bench.policies.set({
      ...bench.policies.list()[0]!,
      spec: {
        ...bench.policies.list()[0]!.spec,
        targets: [{ servers: [serverId(), serverId('pay')], databases: ['shop'], profiles: ['ReadWrite'] }],
      },
    });
    bench.connect('pay', { target: { type: 'PostgreSQL', serverId: serverId('pay'), database: 'shop' } });
    await reconcile({ namespace: 'shop', name: 'pay' }, bench.deps(), { signal });
    expect(readyOf(bench)?.reason).to.equal('InSync');

    bench.connect('orders', { ...naming('dba'), workload: { type: 'ServiceAccount', serviceAccount: { name: 'other' } } });
    await reconcile(key, bench.deps(), { signal });
    expect(readyOf(bench)?.reason).to.equal('IdentityReserved');
    expect(credentialsOf(bench)).to.deep.equal(['orders']);
  });

  it('does not overwrite the client id that somebody else puts on the service account meanwhile', async () => {
    bench.connect();
    const foreign = '77777777-7777-7777-7777-777777777777';
    let reads = 0;
    bench.before = (call) => {
      if (call !== 'GET serviceaccounts/shop/orders') return;
      reads += 1;
      const account = bench.object('serviceaccounts', 'orders')!;
      const annotations = { 'azure.workload.identity/client-id': foreign };
      if (reads === 2)
        bench.put('serviceaccounts', { ...account, metadata: { ...account.metadata, annotations } as typeof account.metadata });
    };
    await reconcile(key, bench.deps(), { signal });
    expect(readyOf(bench)?.reason).to.equal('ServiceAccountNotOwned');
    const { annotations } = bench.object('serviceaccounts', 'orders')!.metadata as { annotations?: Record<string, string> };
    expect(annotations).to.deep.equal({ 'azure.workload.identity/client-id': foreign });
  });

  it('leaves a service account to those who have it, however many others want it for another identity', async () => {
    for (const [name, identity] of [
      ['a', 'orders'],
      ['b', 'orders'],
      ['c', 'reports'],
      ['d', 'reports'],
    ] as const)
      bench.connect(name, naming(identity));
    const deps = bench.deps();
    const reasons: Record<string, string | undefined> = {};
    for (const round of [1, 2]) {
      for (const name of ['a', 'b', 'c', 'd']) {
        await reconcile({ namespace: 'shop', name }, deps, { signal });
        reasons[`${name}${round}`] = readyOf(bench)?.reason;
      }
    }
    const [taken, refused] = ['InSync', 'ServiceAccountNotOwned'];
    expect(Object.values(reasons)).to.deep.equal([taken, taken, refused, refused, taken, taken, refused, refused]);
  });
});

describe('a connection in Report mode', () => {
  it('says what would be done, and does none of it', async () => {
    const bench = new Workbench();
    bench.connect('orders', { mode: 'Report' }, { finalizers: [] });
    await reconcile(key, bench.deps(), { signal });
    expect(readyOf(bench)).to.include({ status: 'False', reason: 'DriftDetected' });
    const { plan } = bench.statuses.at(-1)!;
    expect(plan?.steps?.[0]?.kind).to.equal('put-federated-credential');
    expect(plan?.steps?.slice(1)).to.deep.equal(
      ['server', 'user', 'grants', 'settings'].map((stage) => ({ kind: 'afterwards', summary: `${stage}: <known after apply>` })),
    );
    expect(credentialsOf(bench)).to.deep.equal([]);
    expect(
      bench.calls.filter((call) => /secrets|serviceaccounts|passwordlessconnections/.test(call) && !call.startsWith('GET')),
    ).to.deep.equal([]);
  });

  it('is Ready where Enforce would have nothing to do, and the plan goes', async () => {
    const bench = new Workbench();
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    const enforced = bench.connections.get(key)!;
    bench.change({ ...enforced, spec: { ...enforced.spec, mode: 'Report' } });
    await reconcile(key, deps, { signal });
    expect(readyOf(bench)).to.include({ status: 'True', reason: 'InSync' });
    expect(bench.statuses.at(-1)).not.to.have.property('plan');
  });
});

describe('the withdrawal of a connection', () => {
  let bench: Workbench;
  beforeEach(() => {
    bench = new Workbench();
  });

  /** Brings a connection about, takes its policy away and lets the grace period pass. */
  async function withdrawn(spec: Parameters<Workbench['connect']>[1] = {}) {
    bench.connect('orders', spec);
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    const policy = bench.policies.remove({ namespace: '', name: 'shop' })!;
    bench.calls.splice(0);
    expect(await reconcile(key, deps, { signal })).to.include({ kind: 'after', ms: 600_000 });
    expect(readyOf(bench)).to.include({ reason: 'NotPermitted' });
    expect(bench.statuses.at(-1)?.accessEndsAt).to.match(/^2026-01-01T00:1/);
    await bench.clock.advance(600_000);
    for (let look = 0; look < 3; look += 1) await reconcile(key, deps, { signal });
    return { deps, policy };
  }

  it('touches nothing within the grace period, and costs nothing when the policy comes back', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    const policy = bench.policies.remove({ namespace: '', name: 'shop' })!;
    bench.calls.splice(0);
    await reconcile(key, deps, { signal });
    expect(bench.calls).to.deep.equal([]);
    bench.policies.set(policy);
    await reconcile(key, deps, { signal });
    expect(readyOf(bench)?.reason).to.equal('InSync');
    expect(bench.statuses.at(-1)).not.to.have.property('accessEndsAt');
    expect(bench.calls.filter((call) => /^(put|delete|POST|PUT|DELETE|end|tidy)/.test(call))).to.deep.equal([]);
  });

  it('ends the login and the federation after it, and keeps the rest', async () => {
    await withdrawn();
    expect(readyOf(bench)).to.include({ status: 'False', reason: 'Withdrawn' });
    expect(bench.calls).to.include('end user').and.not.to.include('tidy user');
    expect(credentialsOf(bench)).to.deep.equal([]);
    expect(bench.events.map(({ reason }) => reason)).to.include('Withdrawn');
    expect(bench.connections.get(key)?.metadata.finalizers, 'deletion has still to tidy').to.deep.equal(['dbaccess.dev/cleanup']);
  });

  it('is not put off by suspending', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    bench.connect('orders', { suspend: true });
    bench.policies.remove({ namespace: '', name: 'shop' });
    await reconcile(key, deps, { signal });
    await bench.clock.advance(600_000);
    for (let look = 0; look < 3; look += 1) await reconcile(key, deps, { signal });
    expect(bench.calls).to.include('end user');
  });

  it('comes back with the policy', async () => {
    const { deps, policy } = await withdrawn();
    bench.policies.set(policy);
    await reconcile(key, deps, { signal });
    expect(readyOf(bench)?.reason).to.equal('InSync');
    expect(credentialsOf(bench)).to.deep.equal(['orders']);
  });

  it('does not happen where the platform wants access to be kept, nor where nothing was ever made', async () => {
    bench.connect();
    const deps = { ...bench.deps(), onWithdrawal: 'keep' as const };
    await reconcile(key, deps, { signal });
    bench.policies.remove({ namespace: '', name: 'shop' });
    bench.calls.splice(0);
    expect(await reconcile(key, deps, { signal })).to.deep.equal({ kind: 'done' });
    expect(bench.calls).to.deep.equal([]);
  });

  it('asks nobody for a server that was never allowed, though the resource bears the finalizer', async () => {
    bench.connect();
    const deps = bench.deps();
    bench.policies.remove({ namespace: '', name: 'shop' });
    await reconcile(key, deps, { signal });
    await bench.clock.advance(600_000);
    for (let look = 0; look < 3; look += 1) await reconcile(key, deps, { signal });
    expect(bench.calls.filter((call) => !/configmaps/.test(call))).to.deep.equal([]);
    expect(readyOf(bench)).to.include({ reason: 'NotPermitted' });
    expect(bench.statuses.at(-1)).not.to.have.property('accessEndsAt');
  });

  it('is tried again when the server does not answer', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    bench.policies.remove({ namespace: '', name: 'shop' });
    await reconcile(key, deps, { signal });
    await bench.clock.advance(600_000);
    bench.before = (call) => {
      if (call === 'end user') throw failure('Unreachable');
    };
    for (let look = 0; look < 2; look += 1) await reconcile(key, deps, { signal });
    expect(await reconcile(key, deps, { signal })).to.include({ kind: 'backoff' });
    expect(readyOf(bench)).to.include({ reason: 'Unreachable' });
    bench.before = () => {};
    await reconcile(key, deps, { signal });
    expect(readyOf(bench)).to.include({ reason: 'Withdrawn' });
  });
});

describe('the deletion of a connection', () => {
  let bench: Workbench;
  beforeEach(() => {
    bench = new Workbench();
  });
  const deleted = { deletionTimestamp: '2026-01-01T00:01:00Z', generation: 2 };

  function markDeleted(): void {
    const { metadata, ...rest } = bench.connections.get(key)!;
    bench.change({ ...rest, metadata: { ...metadata, ...deleted } });
  }

  it('ends what was made, also when the database never answered and the policy has gone', async () => {
    bench.connect();
    const deps = bench.deps();
    bench.before = (call) => {
      if (call === 'observe user') throw failure('DatabaseError');
    };
    await reconcile(key, deps, { signal });
    expect(credentialsOf(bench)).to.deep.equal(['orders']);
    bench.policies.remove({ namespace: '', name: 'shop' });
    markDeleted();
    await reconcile(key, bench.deps(), { signal });
    expect(credentialsOf(bench)).to.deep.equal([]);
  });

  it('ends the federation, though a connection that was never permitted names the same service account and identity', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    bench.connect('never', { target: { type: 'PostgreSQL', serverId: serverId('elsewhere'), database: 'shop' } }, { finalizers: [] });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(credentialsOf(bench)).to.deep.equal([]);
  });

  it('ends the federation also when one that no policy allows, and on which somebody wrote our finalizer, names the same', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    bench.connect('never', { target: { type: 'PostgreSQL', serverId: serverId('elsewhere'), database: 'shop' } });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(credentialsOf(bench)).to.deep.equal([]);
  });

  it('ends the federation also when one names the same service account and a client id that means no identity', async () => {
    bench.connect();
    bench.connect('never', { identity: meaning('77777777-7777-7777-7777-777777777777') });
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(credentialsOf(bench)).to.deep.equal([]);
  });

  it('leaves the federation to one that goes by the client id of the same identity', async () => {
    bench.connect();
    bench.connect('neighbour', { identity: meaning(idsOf('orders').clientId) });
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    await reconcile({ ...key, name: 'neighbour' }, deps, { signal });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(credentialsOf(bench)).to.deep.equal(['orders']);
  });

  it('leaves the federation to a neighbour without a policy where such accesses are kept', async () => {
    bench.connect();
    bench.connect('neighbour', { access: { profile: 'ReadOnly' } });
    const deps = { ...bench.deps(), onWithdrawal: 'keep' as const };
    await reconcile(key, deps, { signal });
    bench.policies.remove({ namespace: '', name: 'shop' });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(credentialsOf(bench)).to.deep.equal(['orders']);
  });

  it('does not take an absent user of another server for the end of the access', async () => {
    const deps = bench.deps();
    bench.connect();
    await reconcile(key, deps, { signal });
    bench.serverIdentifier = '8';
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(readyOf(bench)).to.include({ reason: 'WrongServer' });
    expect(bench.calls).not.to.include('end user');
  });

  it('leaves the federation to another connection that needs it', async () => {
    bench.connect();
    bench.connect('neighbour', { access: { profile: 'ReadOnly' } });
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(credentialsOf(bench)).to.deep.equal(['orders']);
  });

  it('asks nobody for a server that was never allowed, though the resource bears the finalizer', async () => {
    bench.policies.remove({ namespace: '', name: 'shop' });
    bench.connect('orders', {}, deleted);
    await reconcile(key, bench.deps(), { signal });
    expect(bench.calls.filter((call) => !/configmaps|passwordlessconnections/.test(call))).to.deep.equal([]);
    expect(bench.calls.at(-1)).to.equal('PATCH passwordlessconnections/shop/orders');
  });

  it('lets go also when the identity was last named by an id that is none', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    const { spec, ...rest } = bench.connections.get(key)!;
    bench.change({ ...rest, spec: { ...spec, ...naming('x..y') } });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(bench.events.at(-1)?.reason).to.equal('AccessEnded');
    expect(credentialsOf(bench)).to.deep.equal([]);
  });

  it('with Disable takes the login away and keeps the rest', async () => {
    bench.connect('orders', { deletionPolicy: 'Disable' });
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(bench.calls).to.include('end user').and.not.to.include('tidy user');
    expect(credentialsOf(bench)).to.deep.equal([]);
  });

  it('with Retain leaves user, federation and Secret, where a policy says so', async () => {
    const shop = bench.policies.list()[0]!;
    bench.policies.set({
      ...shop,
      spec: { ...shop.spec, targets: shop.spec.targets.map((entry) => ({ ...entry, retain: 'Allow' as const })) },
    });
    bench.connect('orders', { deletionPolicy: 'Retain' });
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(bench.calls).to.include('release user').and.not.to.include('end user');
    expect(credentialsOf(bench)).to.deep.equal(['orders']);
    expect(bench.objects.get('secrets/shop/orders')?.metadata, 'it would go with its owner')
      .to.have.property('ownerReferences')
      .that.deep.equals([]);
  });

  it('with Retain ends the access all the same, where no policy says so any more', async () => {
    const shop = bench.policies.list()[0]!;
    const retaining = {
      ...shop,
      spec: { ...shop.spec, targets: shop.spec.targets.map((entry) => ({ ...entry, retain: 'Allow' as const })) },
    };
    bench.policies.set(retaining);
    bench.connect('orders', { deletionPolicy: 'Retain' });
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    bench.policies.set(shop);
    markDeleted();
    await reconcile(key, deps, { signal });
    expect(bench.calls).to.include('end user').and.not.to.include('tidy user');
  });

  it('keeps in mind what could not be tidied away, also when somebody removed the ledger', async () => {
    bench.connect();
    const deps = bench.deps();
    await reconcile(key, deps, { signal });
    for (const path of bench.objects.keys()) if (path.startsWith('configmaps/')) bench.objects.delete(path);
    markDeleted();
    bench.before = (call) => {
      if (call === 'tidy user') throw failure('DatabaseError');
    };
    await reconcile(key, deps, { signal });
    const buried: string[] = [];
    for await (const { tombstones } of deps.ledger.entries({ signal })) buried.push(...tombstones.map(({ request }) => request.userName));
    expect(buried).to.deep.equal(['aad_shop_orders']);
  });
});
