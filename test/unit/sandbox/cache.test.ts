import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Clock } from '../../../src/runtime/clock.ts';
import { cacheDirectory, cachedDirectory } from '../../sandbox/cache.ts';

describe('The cache of the sandbox', () => {
  let signal: AbortSignal;
  let cache: string;

  beforeEach(() => {
    signal = AbortSignal.timeout(600_000);
    cache = mkdtempSync(join(tmpdir(), 'dbaccess-cache-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  for (const [environment, expected] of [
    [{ DBACCESS_CACHE: '/a', XDG_CACHE_HOME: '/b' }, /^\/a$/],
    [{ XDG_CACHE_HOME: '/b' }, /^\/b\/dbaccess$/],
    [{}, /\/\.cache\/dbaccess$/],
  ] as const) {
    it(`is at ${expected.source} with ${JSON.stringify(environment)}`, () => {
      expect(cacheDirectory(environment)).to.match(expected);
    });
  }

  function get(make: (directory: string) => Promise<void>, options: { clock?: Clock; log?: (line: string) => void } = {}) {
    return cachedDirectory('tool/1', make, { cache, log: () => undefined, signal, ...options });
  }

  it('makes a thing once, also for those who ask at the same time', async () => {
    let made = 0;
    const make = async (directory: string) => {
      made += 1;
      await writeFile(join(directory, 'tool'), 'x');
    };
    // Whoever waits is woken by the clock only after the first has finished.
    const first = get(make);
    const clock: Clock = { now: () => 0, sleep: async () => void (await first) };
    const paths = [...(await Promise.all([first, get(make, { clock })])), await get(make)];
    expect(made).to.equal(1);
    expect(new Set(paths)).to.have.property('size', 1);
    expect(readFileSync(join(paths[0] ?? '', 'tool'), 'utf8')).to.equal('x');
  });

  it('keeps nothing of what failed, and tries again', async () => {
    const error = await get(async (directory) => {
      await writeFile(join(directory, 'half'), '');
      throw new Error('broken');
    }).catch((reason: Error) => reason);
    expect((error as Error).message).to.equal('broken');
    expect(readdirSync(join(cache, 'tool'))).to.deep.equal([]);
    await get(async () => undefined);
    expect(readdirSync(join(cache, 'tool'))).to.deep.equal(['1']);
  });

  it('does not wait for a process that has died', async () => {
    const beyondEveryProcessId = 2 ** 30;
    mkdirSync(join(cache, 'tool'));
    writeFileSync(join(cache, 'tool/1.lock'), String(beyondEveryProcessId));
    await get(async () => undefined);
    expect(readdirSync(join(cache, 'tool'))).to.deep.equal(['1']);
  });

  it('tells for whom it waits, every 15 seconds', async () => {
    mkdirSync(join(cache, 'tool'));
    const lock = join(cache, 'tool/1.lock');
    writeFileSync(lock, String(process.pid));
    let now = 0;
    const sleep = async (ms: number) => {
      now += ms;
      if (now >= 40_000) rmSync(lock);
    };
    const said: string[] = [];
    await get(async () => undefined, { clock: { now: () => now, sleep }, log: (line) => said.push(line) });
    expect(said).to.have.length(3);
    expect(said[0]).to.contain(String(process.pid));
  });
});
