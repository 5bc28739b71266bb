import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/object-meta.ts';
import { KubeClient } from '../../../src/runtime/kube-client.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from '../../../src/runtime/metrics.ts';
import { Reflector, type ReflectorOptions } from '../../../src/runtime/reflector.ts';
import type { Resource } from '../../../src/runtime/resource.ts';
import { ObjectStore } from '../../../src/runtime/store.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MisbehavingApi } from '../../support/misbehaving-api.ts';

const things: Resource = { apiVersion: 'test.dbaccess.dev/v1', plural: 'things', kind: 'Thing', namespaced: true };

describe('A reflector', () => {
  let api: MisbehavingApi;
  let clock: FakeClock;
  let store: ObjectStore<KubernetesObject>;
  let metrics: RuntimeMetrics;
  let heard: string[];
  /** Events that came out of watches, bookmarks included. */
  let received: number;
  let stop: AbortController;
  let ended: boolean;
  let log: ReturnType<typeof collectingLogger>;
  let cleanUp: (() => Promise<unknown>)[];

  beforeEach(async () => {
    api = new MisbehavingApi();
    await api.start();
    clock = new FakeClock();
    store = new ObjectStore();
    metrics = createRuntimeMetrics();
    heard = [];
    received = 0;
    stop = new AbortController();
    ended = false;
    log = collectingLogger();
    cleanUp = [() => api.stop()];
  });

  afterEach(async () => {
    stop.abort();
    for (const step of cleanUp.toReversed()) await step();
  });

  function start(options: Partial<ReflectorOptions<KubernetesObject>> = {}, user: object = {}) {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'test', server: api.url, skipTLSVerify: true }, { name: 'user', ...user });
    const transport = new KubeTransport(config);
    const client = new KubeClient({ transport, clock, metrics });
    const reflector = new Reflector({
      client: {
        listPages: (resource, calls) => client.listPages(resource, calls),
        watch: async function* (resource, calls) {
          for await (const event of client.watch(resource, calls)) {
            received += 1;
            yield event;
          }
        },
      },
      resource: things,
      store,
      handlers: {
        upsert: (old, { metadata }, origin) => heard.push(`${old ? 'update' : 'new'} ${metadata.name} by ${origin}`),
        delete: ({ metadata }) => heard.push(`delete ${metadata.name}`),
      },
      clock,
      random: () => 0.5,
      logger: log.logger,
      metrics,
      pageSize: 2,
      ...options,
    });
    const running = reflector.run({ signal: stop.signal }).then(() => {
      ended = true;
    });
    cleanUp.push(async () => {
      await running;
      await transport.close();
    });
    return { reflector, running };
  }

  const names = () => store.list().map(({ metadata }) => metadata.name);
  const watching = () => eventually(() => api.openWatches === 1);

  /** Lets time pass until a request of this number was made, however long the reflector waits for it; answers how long it waited. */
  async function passUntilRequest(number: number): Promise<number> {
    const startedAt = clock.now();
    await eventually(async () => {
      if (api.requests.length >= number) return true;
      // deadlines of calls under way are half a minute: only waits are shorter
      if (clock.nextInMs !== undefined && clock.nextInMs < 29_000) await clock.advance(clock.nextInMs);
      return false;
    });
    return clock.now() - startedAt;
  }

  it('lists in pages, without managedFields, then watches from there on', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) api.put(name);
    start();
    await store.synced;
    await watching();
    expect(api.requests).to.deep.equal(['list', 'list continue', 'list continue', 'watch 105']);
    expect(names()).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
    expect(store.list()[0]).to.include({ kind: 'Thing', apiVersion: 'test.dbaccess.dev/v1' });
    expect(store.list()[0]?.metadata).not.to.have.property('managedFields');
    expect(api.queries.at(-1)?.get('allowWatchBookmarks')).to.equal('true');
    expect(api.queries.at(-1)?.get('timeoutSeconds')).to.equal('290');
    expect(store.completeLists).to.equal(1);
    expect(store.lastCompleteListAt).to.equal(clock.now());
  });

  it('tells its handlers what is new, changed and gone', async () => {
    api.put('a');
    start();
    await watching();
    api.put('b');
    api.put('a');
    api.remove('b');
    await eventually(() => heard.length === 4);
    expect(heard).to.deep.equal(['new a by list', 'new b by watch', 'update a by watch', 'delete b']);
  });

  it('goes on when a handler throws', async () => {
    const seen: string[] = [];
    const upsert = (_: unknown, { metadata }: KubernetesObject) => {
      seen.push(metadata.name);
      throw new Error('a fault');
    };
    start({ handlers: { upsert, delete: () => {} } });
    await watching();
    api.put('a');
    api.put('b');
    await eventually(() => seen.length === 2);
    expect(api.requests).to.have.length(2);
    expect(log.entries().filter(({ message }) => message === 'a handler threw')).to.have.length(2);
  });

  it('asks for watches of different lengths', async () => {
    const numbers = [0, 0.999];
    start({ random: () => numbers.shift() ?? 0.5 });
    await watching();
    api.endWatches();
    await eventually(async () => {
      await clock.advance(1_000);
      return api.requests.length === 3;
    });
    const asked = api.queries.filter((query) => query.has('watch')).map((query) => query.get('timeoutSeconds'));
    expect(asked[0]).to.equal('276');
    expect(asked[1]).not.to.equal('276');
  });

  it('resumes where it was when a watch ends in its time, without a new list', async () => {
    start();
    await watching();
    api.put('a');
    await eventually(() => store.size === 1);
    api.endWatches();
    await passUntilRequest(3);
    expect(api.requests.slice(1)).to.deep.equal(['watch 100', 'watch 101']);
  });

  it('resumes at the last bookmark', async () => {
    start();
    await watching();
    api.bookmark();
    api.bookmark();
    await eventually(() => received === 2);
    api.dropWatches();
    await passUntilRequest(3);
    expect(api.requests.at(-1)).to.equal('watch 102');
  });

  for (const [what, order, slowest] of [
    ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: '17' }, 17_000],
    ['429 without Retry-After', { kind: 'status', status: 429 }, 800],
    ['500', { kind: 'status', status: 500 }, 800],
    ['503 with Retry-After', { kind: 'status', status: 503, retryAfter: '5' }, 5_000],
    ['401', { kind: 'status', status: 401 }, 800],
    ['403', { kind: 'status', status: 403 }, 800],
    ['a cut connection', { kind: 'cut' }, 800],
    ['an event cut in two', { kind: 'cut-in-event' }, 800],
    ['an error event 500', { kind: 'error-event', code: 500 }, 800],
  ] as const) {
    it(`survives ${what} of a watch and resumes where it was`, async () => {
      api.nextWatch(order);
      start();
      await eventually(() => api.requests.length === 2);
      expect(await passUntilRequest(3)).to.equal(slowest);
      await watching();
      expect(api.requests).to.deep.equal(['list', 'watch 100', 'watch 100']);
      api.put('later');
      await eventually(() => store.size === 1);
      expect(names()).to.deep.equal(['later']);
      expect(ended).to.equal(false);
    });

    if (order.kind === 'status' || order.kind === 'cut') {
      it(`survives ${what} of a list, and counts only the one that came through`, async () => {
        api.put('a');
        api.nextList(order);
        start();
        await eventually(() => api.requests.length === 1);
        expect(await passUntilRequest(2)).to.equal(slowest);
        await watching();
        expect(names()).to.deep.equal(['a']);
        expect(store.completeLists).to.equal(1);
      });
    }
  }

  for (const [what, order] of [
    ['410', { kind: 'status', status: 410, reason: 'Expired' }],
    ['an error event 410', { kind: 'error-event', code: 410 }],
    ['404, since the definition may have been made anew', { kind: 'status', status: 404 }],
    ['something that is not JSON', { kind: 'garbage' }],
  ] as const) {
    it(`lists anew after ${what}`, async () => {
      api.nextWatch(order);
      start();
      await passUntilRequest(4);
      await watching();
      expect(api.requests).to.deep.equal(['list', 'watch 100', 'list', 'watch 100']);
      expect(store.completeLists).to.equal(2);
    });
  }

  it('reports what was deleted, made and made anew during a gap, and nothing else', async () => {
    for (const name of ['same', 'changed', 'deleted', 'remade']) api.put(name);
    start();
    await watching();
    heard.length = 0;
    api.dropWatches();
    api.put('changed');
    api.remove('deleted');
    api.remove('remade');
    api.put('remade');
    api.put('made');
    api.compact();
    await passUntilRequest(6);
    await watching();
    expect(heard.toSorted()).to.deep.equal(
      ['update changed by list', 'delete deleted', 'delete remade', 'new remade by list', 'new made by list'].toSorted(),
    );
    expect(names().toSorted()).to.deep.equal(['changed', 'made', 'remade', 'same']);
  });

  it('reports no deletion from a list that broke on a later page', async () => {
    for (const name of ['a', 'b', 'c']) api.put(name);
    start();
    await watching();
    heard.length = 0;
    api.dropWatches();
    api.remove('a');
    api.put('d');
    api.compact();
    api.nextList({ kind: 'well' }, { kind: 'status', status: 500 });
    await passUntilRequest(6);
    expect(api.requests.slice(3)).to.deep.equal(['watch 103', 'list', 'list continue']);
    await eventually(() => log.entries().length === 3);
    expect(heard).to.deep.equal([]);
    expect(store.completeLists).to.equal(1);
    await passUntilRequest(8);
    await watching();
    expect(heard.toSorted()).to.deep.equal(['delete a', 'new d by list']);
  });

  it('gives up a watch from which nothing comes, and resumes', async () => {
    start();
    await watching();
    await clock.advance(99_000);
    expect(api.requests).to.have.length(2);
    await clock.advance(1_000);
    await eventually(() => api.openWatches === 0);
    await passUntilRequest(3);
    await watching();
    expect(api.requests.at(-1)).to.equal('watch 100');
  });

  it('keeps a quiet watch that sends bookmarks', async () => {
    start();
    await watching();
    for (let minute = 1; minute <= 5; minute += 1) {
      await clock.advance(60_000);
      api.bookmark();
      await eventually(() => received === minute);
    }
    expect(api.requests).to.have.length(2);
  });

  it('waits longer after each failure, up to half a minute, and starts anew after a success', async () => {
    api.nextWatch(...Array.from({ length: 8 }, () => ({ kind: 'status', status: 500 }) as const));
    start();
    await eventually(() => api.requests.length === 2);
    const waits: number[] = [];
    for (let request = 3; request <= 10; request += 1) waits.push(await passUntilLongRequest(request));
    expect(waits).to.deep.equal([800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    await watching();
    api.put('a');
    await eventually(() => store.size === 1);
    api.dropWatches();
    expect(await passUntilRequest(11)).to.equal(800);
  });

  /** As passUntilRequest, for waits of up to 30 s: no call is under way when it is called. */
  async function passUntilLongRequest(number: number): Promise<number> {
    await eventually(() => clock.sleeping === 1 && log.entries().length === number - 2);
    const wait = clock.nextInMs ?? 0;
    await clock.advance(wait);
    await eventually(() => api.requests.length >= number);
    return wait;
  }

  it('asks a server that ends each watch at once not faster than it would a failing one', async () => {
    api.nextWatch({ kind: 'end' }, { kind: 'end' }, { kind: 'end' });
    start();
    await eventually(() => api.requests.length === 2);
    expect(await passUntilRequest(3)).to.equal(800);
    expect(await passUntilRequest(4)).to.equal(1_600);
  });

  it('comes back when the token file is unreadable for a while', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'reflector-test-'));
    cleanUp.push(() => rm(directory, { recursive: true }));
    const tokenFile = join(directory, 'token');
    start({}, { authProvider: { name: 'tokenFile', config: { tokenFile } } });
    await eventually(() => log.entries().length === 1);
    expect(log.entries()[0]?.['error']).to.include({ reason: 'CredentialsUnavailable' });
    expect(api.requests).to.deep.equal([]);
    await writeFile(`${tokenFile}.new`, 'a-token');
    await rename(`${tokenFile}.new`, tokenFile);
    await passUntilRequest(2);
    await watching();
    expect(store.isSynced).to.equal(true);
  });

  it('makes one more list when asked, and counts it only when it is whole', async () => {
    api.put('a');
    const { reflector } = start();
    await watching();
    api.nextList({ kind: 'status', status: 500 });
    reflector.relist();
    await eventually(() => api.requests.length === 3);
    expect(store.completeLists).to.equal(1);
    await passUntilRequest(5);
    await watching();
    expect(store.completeLists).to.equal(2);
    expect(api.requests.slice(2)).to.deep.equal(['list', 'list', 'watch 101']);
  });

  it('ends during a watch and during a wait, and opens nothing after that', async () => {
    const { running } = start();
    await watching();
    stop.abort();
    await running;
    expect(clock.sleeping).to.equal(0);
    const { length } = api.requests;

    stop = new AbortController();
    api.nextList({ kind: 'status', status: 500 });
    const second = start();
    await eventually(() => log.entries().length === 1);
    stop.abort();
    await second.running;
    expect(clock.sleeping).to.equal(0);
    await clock.advance(60_000);
    expect(api.requests).to.have.length(length + 1);
  });

  it('takes one connection for the watch and one for everything else', async () => {
    api.nextWatch(...Array.from({ length: 5 }, () => ({ kind: 'end' }) as const));
    start();
    await eventually(() => api.requests.length === 2);
    for (let request = 3; request <= 7; request += 1) await passUntilRequest(request);
    await watching();
    expect(api.connections).to.be.at.most(2);
  });
});
