import { spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';

/** Tests wait for servers and for intervals half of their time, so that some lines of them side by side, of about the same length, end sooner than one. */
const apps = 'test/e2e/{app-mistakes,apps,combinations}.test.ts';
const lines: Readonly<Record<string, Line>> = {
  engines: { files: ['test/contract/{azure-sql,mysql,postgres}/**/*.test.ts', apps], except: [] },
  e2e: { files: ['test/e2e/**/*.test.ts'], except: ['test/e2e/set-up/**', apps] },
  others: {
    files: [
      'test/{unit,cluster}/**/*.test.ts',
      'test/e2e/set-up/*.test.ts',
      'test/contract/*.test.ts',
      'test/contract/{azure-sql-server,gateways,workloads}/**/*.test.ts',
    ],
    except: [],
  },
};

interface Line {
  readonly files: readonly string[];
  readonly except: readonly string[];
}

interface Result {
  readonly passing: number;
  readonly failing: number;
  readonly code: number | null;
}

/** Runs mocha for one line, telling each of its lines with the name before it. */
async function run(name: string, files: readonly string[]): Promise<Result> {
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
  const child = spawn(process.execPath, [mocha, ...files, ...process.argv.slice(2)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const told = { passing: 0, failing: 0 };
  for await (const text of createInterface({ input: child.stdout })) {
    const [, count, word] = /^\s*(\d+) (passing|failing)\b/.exec(text) ?? [];
    if (word === 'passing' || word === 'failing') told[word] += Number(count);
    console.log(`${name.padEnd(8)} ${text}`);
  }
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('exit', resolve)));
  return { ...told, code };
}

async function filesOf({ files, except }: Line): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const file of glob([...files], { exclude: [...except] })) found.push(file);
  return found.sort();
}

const shares = await Promise.all(Object.entries(lines).map(async ([name, line]) => ({ name, files: await filesOf(line) })));
const all = await filesOf({ files: ['test/**/*.test.ts'], except: [] });
const shared = shares.flatMap(({ files }) => files).sort();
if (!isDeepStrictEqual(shared, all)) throw new Error('there are test files in no line, or in several');

const startedAt = performance.now();
const results = await Promise.all(shares.map(({ name, files }) => run(name, files)));
const sum = (of: 'passing' | 'failing') => results.reduce((total, result) => total + result[of], 0);
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
console.log(`\n${sum('passing')} passing, ${sum('failing')} failing, ${minutes} min`);
// a line that ended without its count ended in the middle
process.exitCode = results.every(({ code, passing }) => code === 0 && passing > 0) ? 0 : 1;
