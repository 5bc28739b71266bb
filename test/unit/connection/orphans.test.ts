import { expect } from 'chai';
import type { PasswordlessConnection } from '../../../src/api/connection.generated.ts';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import type { Deps } from '../../../src/connection/deps.ts';
import { Orphans } from '../../../src/connection/orphans.ts';
import { connectionHash } from '../../../src/targets/mark.ts';
import type { EndingRequest } from '../../../src/targets/target.ts';
import { serverId, Workbench } from './workbench.ts';

const intervalInMs = 600_000;

describe('the sweep for orphans', () => {
  let bench: Workbench;
  let deps: Deps;
  let stop: AbortController;
  let running: Promise<void>;
  let relists: number;
  let listsComeThrough: boolean;

  beforeEach(() => {
    bench = new Workbench();
    deps = bench.deps();
    stop = new AbortController();
    running = Promise.resolve();
    relists = 0;
    listsComeThrough = true;
    bench.connections.markListed(bench.clock.now());
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  /** The user of a connection, on the connection's server unless told. */
  function userOf({ metadata }: PasswordlessConnection, server = 'shared'): EndingRequest {
    const uid = deps.namespaces.get({ namespace: '', name: 'shop' })?.metadata.uid ?? '';
    return {
      serverId: requiredResourceId(serverId(server), 'postgresServer'),
      database: 'postgres',
      userName: `aad_shop_${metadata.name}`,
      mark: {
        cluster: deps.cluster.hash,
        connection: connectionHash(uid, 'shop', metadata.name),
        uid: metadata.uid,
        origin: 'created',
        state: 'live',
      },
    };
  }

  /** Users whose connections are gone, on a server. */
  function orphans(server: string, names: readonly string[]): void {
    const users = names.map((name) => userOf(bench.connect(name), server));
    for (const name of names) bench.connections.remove({ namespace: 'shop', name });
    bench.marked.set(server, users);
  }

  async function start(servers: readonly string[], maximum = 20): Promise<void> {
    const { signal } = stop;
    for (const name of servers) await deps.ledger.rememberServer(requiredResourceId(serverId(name), 'postgresServer'), '7', { signal });
    const relist = () => {
      relists += 1;
      if (listsComeThrough) bench.connections.markListed(bench.clock.now());
    };
    running = new Orphans(deps, { maximum, relist }).run({ signal });
    // the first pass over a server comes within the interval, here after half of it
    await bench.clock.advance(intervalInMs / 2);
  }

  const nextPass = () => bench.clock.advance(intervalInMs);

  it('ends the access of a user whose connection is gone when it is seen for the second time, and says so', async () => {
    orphans('shared', ['orders']);
    await start(['shared']);
    expect(bench.ended, 'after the first pass').to.deep.equal([]);
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_orders']);
    expect(bench.calls.slice(bench.calls.indexOf('end user'))).to.include('tidy user');
    expect(bench.events).to.have.length(1);
    expect(bench.events[0]).to.include({ type: 'Warning', reason: 'OrphanEnded' });
    expect(bench.events[0]?.note).to.match(/aad_shop_orders was dropped/);
  });

  it('looks once per server and interval, and asks for no list while there is no orphan', async () => {
    bench.marked.set('shared', [userOf(bench.connect('orders'))]);
    await start(['shared', 'other-pg']);
    for (let pass = 1; pass < 4; pass += 1) await nextPass();
    const looks = bench.calls.filter((call) => call.startsWith('list marked')).toSorted();
    expect(looks).to.deep.equal([...Array(4).fill('list marked other-pg'), ...Array(4).fill('list marked shared')]);
    expect(relists).to.equal(0);
    expect(bench.ended).to.deep.equal([]);
  });

  it('ends nobody while no complete list of connections comes through', async () => {
    listsComeThrough = false;
    orphans('shared', ['orders']);
    await start(['shared']);
    for (let pass = 1; pass < 5; pass += 1) await nextPass();
    expect(bench.ended).to.deep.equal([]);
    bench.connections.markListed(bench.clock.now());
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_orders']);
  });

  it('leaves a user alone whose connection came back in between', async () => {
    orphans('shared', ['orders']);
    await start(['shared']);
    bench.connect('orders');
    await nextPass();
    await nextPass();
    expect(bench.ended).to.deep.equal([]);
  });

  it('leaves a user alone whose connection came back while another orphan was being ended', async () => {
    orphans('shared', ['orders', 'reports']);
    await start(['shared']);
    bench.before = (call) => {
      if (call === 'end user') bench.connect('reports');
    };
    await nextPass();
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_orders']);
  });

  it('ends a user that somebody renamed, while its connection is there', async () => {
    const user = userOf(bench.connect('orders'));
    bench.marked.set('shared', [user, { ...user, userName: 'hidden' }]);
    await start(['shared']);
    await nextPass();
    expect(bench.ended).to.deep.equal(['hidden']);
  });

  /** A user whose connection is there, but lost our finalizer and every policy. */
  function forsaken(): void {
    bench.marked.set('shared', [userOf(bench.connect('orders', {}, { finalizers: [] }))]);
    bench.policies.remove({ namespace: '', name: 'shop' });
  }

  it('ends a user whose connection lost its finalizer before it lost its policy', async () => {
    forsaken();
    await start(['shared']);
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_orders']);
  });

  it('leaves it alone where access is kept though its policy goes', async () => {
    deps = { ...deps, onWithdrawal: 'keep' };
    forsaken();
    await start(['shared']);
    await nextPass();
    expect(bench.ended).to.deep.equal([]);
  });

  it('ends nobody when more than the maximum are there at once over all servers, until somebody releases it on a policy', async () => {
    orphans('shared', ['a', 'b']);
    orphans('other-pg', ['c']);
    await start(['shared', 'other-pg'], 2);
    await nextPass();
    await nextPass();
    expect(bench.ended).to.deep.equal([]);
    expect(bench.braked.at(-1)).to.equal(3);
    const policy = bench.policies.list()[0]!;
    bench.policies.set({ ...policy, metadata: { ...policy.metadata, annotations: { 'dbaccess.dev/releaseWithdrawals': 'true' } } });
    await nextPass();
    expect(bench.ended.toSorted()).to.deep.equal(['aad_shop_a', 'aad_shop_b', 'aad_shop_c']);
    expect(bench.braked.at(-1)).to.equal(0);
  });

  it('is not held back by orphans that went with their server', async () => {
    orphans('shared', ['a', 'b']);
    orphans('other-pg', ['c']);
    await start(['shared', 'other-pg'], 2);
    bench.before = (call) => {
      if (call === 'observe server shared') throw new ConnectionError('waiting', 'ServerNotFound', 'there is no such server');
    };
    await nextPass();
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_c']);
  });

  it('goes on with other servers while one is away', async () => {
    bench.before = (call) => {
      if (call === 'observe server shared') throw new ConnectionError('waiting', 'Unreachable', 'away');
    };
    orphans('other-pg', ['orders']);
    await start(['shared', 'other-pg']);
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_orders']);
  });

  it('does nothing when another server answers under the name of this one', async () => {
    orphans('shared', ['orders']);
    await start(['shared']);
    bench.serverIdentifier = '8';
    await nextPass();
    expect(bench.ended).to.deep.equal([]);
  });

  it('ends the others when one can’t be ended', async () => {
    bench.before = (call) => {
      if (call === 'end user' && bench.calls.filter((each) => each === call).length === 1)
        throw new ConnectionError('retry', 'DatabaseError', 'no');
    };
    orphans('shared', ['orders', 'reports']);
    await start(['shared']);
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_reports']);
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_reports', 'aad_shop_orders']);
  });

  it('leaves those alone whose connection left a tombstone, which knows how they shall end', async () => {
    orphans('shared', ['orders']);
    const [request] = bench.marked.get('shared') ?? [];
    if (request) await deps.ledger.bury({ type: 'PostgreSQL', request, keeps: true }, { signal: stop.signal });
    await start(['shared']);
    await nextPass();
    await nextPass();
    expect(bench.ended).to.deep.equal([]);
    expect(bench.braked.at(-1)).to.equal(0);
  });

  it('remembers to tidy a user that can’t be tidied now', async () => {
    bench.before = (call) => {
      if (call === 'tidy user') throw new ConnectionError('retry', 'DatabaseError', 'locked');
    };
    orphans('shared', ['orders']);
    await start(['shared']);
    await nextPass();
    expect(bench.ended).to.deep.equal(['aad_shop_orders']);
    expect(bench.events[0]?.note).to.match(/tidied away later: locked/);
    expect(bench.calls).to.include('wake tombstones');
  });

  it('begins with a server once the ledger knows it, and stops when it does no longer', async () => {
    orphans('shared', ['orders']);
    await start([]);
    await nextPass();
    expect(bench.calls.filter((call) => call.startsWith('list marked'))).to.deep.equal([]);
    const [user] = bench.marked.get('shared') ?? [];
    if (user) await deps.ledger.rememberServer(user.serverId, '7', { signal: stop.signal });
    await nextPass();
    await nextPass();
    expect(bench.calls.filter((call) => call.startsWith('list marked'))).not.to.deep.equal([]);
    for (const path of [...bench.objects.keys()].filter((path) => path.startsWith('configmaps/'))) bench.objects.delete(path);
    await nextPass();
    await nextPass();
    bench.calls.splice(0);
    await nextPass();
    expect(bench.calls.filter((call) => call.startsWith('list marked'))).to.deep.equal([]);
  });
});
