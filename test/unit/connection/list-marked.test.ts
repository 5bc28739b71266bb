import { expect } from 'chai';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import type { Reason } from '../../../src/api/reasons.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import type { Deps } from '../../../src/connection/deps.ts';
import { listMarked } from '../../../src/connection/list-marked.ts';
import type { EndingRequest, ServerObservation, Target } from '../../../src/targets/target.ts';
import { rejection } from '../../support/eventually.ts';
import { serverId as serverIdOf, Workbench } from './workbench.ts';

const serverId = requiredResourceId(serverIdOf('shared'), 'postgresServer');
const { signal } = new AbortController();

describe('the look for marked users', () => {
  let bench: Workbench;
  let deps: Deps;
  let looks: (string | undefined)[];
  /** By database: its marked users, or why nobody can look. */
  let databases: Record<string, readonly string[] | Reason>;

  beforeEach(() => {
    bench = new Workbench();
    deps = bench.deps();
    looks = [];
    databases = {};
  });

  const target = {
    observeServer: async ({ database }: { database?: string }) => ({ serverId, database }),
    listMarked: async ({ database }: ServerObservation & { database?: string }) => {
      looks.push(database);
      const found = databases[database ?? ''] ?? [];
      if (typeof found === 'string') throw new ConnectionError('waiting', found, 'no');
      return found.map((userName) => ({ serverId, database, userName }) as EndingRequest);
    },
  } as unknown as Target;

  async function remember(...names: readonly string[]): Promise<void> {
    for (const database of names) await deps.ledger.rememberServer(serverId, '7', { database, signal });
  }
  async function remembered(): Promise<readonly string[]> {
    for await (const entry of deps.ledger.entries({ signal })) return entry.databases.toSorted();
    return [];
  }
  const look = async () =>
    (await listMarked(target, serverId, await remembered(), deps, { signal })).flatMap(({ marked }) =>
      marked.map(({ userName }) => userName),
    );

  it('is one at the server where users belong to that', async () => {
    await deps.ledger.rememberServer(serverId, '7', { signal });
    databases[''] = ['a', 'b'];
    expect(await look()).to.deep.equal(['a', 'b']);
    expect(looks).to.deep.equal([undefined]);
  });

  it('is one in each database that the operator worked on, where users live in those', async () => {
    await remember('orders', 'Größe / x', 'orders');
    databases = { orders: ['a'], 'Größe / x': ['b'] };
    expect(await look()).to.have.members(['a', 'b']);
    expect(looks).to.have.members(['orders', 'Größe / x']);
  });

  it('forgets a database without marked users and connections, so that it may pause', async () => {
    await remember('orders', 'empty');
    databases = { orders: ['a'] };
    await look();
    expect(await remembered()).to.deep.equal(['orders']);
    await remember('empty');
    expect(await remembered()).to.deep.equal(['empty', 'orders']);
  });

  it('keeps a database in mind that a connection names', async () => {
    await remember('orders');
    const { spec } = bench.connect('orders');
    await remember(spec.target.database);
    await look();
    expect(await remembered()).to.include(spec.target.database);
  });

  it('passes over a database that is paused, and keeps it in mind', async () => {
    await remember('paused', 'awake');
    databases = { paused: 'DatabasePaused', awake: ['a'] };
    expect(await look()).to.deep.equal(['a']);
    expect(await remembered()).to.deep.equal(['awake', 'paused']);
  });

  it('forgets a database that is gone', async () => {
    await remember('gone', 'there');
    databases = { gone: 'DatabaseNotFound', there: ['a'] };
    expect(await look()).to.deep.equal(['a']);
    expect(await remembered()).to.deep.equal(['there']);
  });

  it('fails as a whole where it fails for another reason, because who isn’t seen would pass for ended', async () => {
    await remember('there', 'refused');
    databases = { there: ['a'], refused: 'FirewallDenied' };
    expect(await rejection(look())).to.include({ reason: 'FirewallDenied' });
    expect(await remembered()).to.deep.equal(['refused', 'there']);
  });
});
