import { spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

/** Tests wait for servers and for intervals most of their time, so that some lines of them side by side take little longer than the longest one. */
const lines = {
  contract: { files: ['test/contract/**/*.test.ts'], except: [] },
  e2e: { files: ['test/e2e/**/*.test.ts'], except: ['test/e2e/set-up/**'] },
  others: { files: ['test/unit/**/*.test.ts', 'test/cluster/**/*.test.ts', 'test/e2e/set-up/*.test.ts'], except: [] },
} as const;

type Line = (typeof lines)[keyof typeof lines];

interface Result {
  readonly passing: number;
  readonly failing: number;
  readonly code: number | null;
}

/** Runs mocha for one line, telling each of its lines with the name before it. */
async function run(name: string, line: Line): Promise<Result> {
  const files: string[] = [];
  for await (const file of glob([...line.files], { exclude: [...line.except] })) files.push(file);
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
  const child = spawn(process.execPath, [mocha, ...files.sort(), ...process.argv.slice(2)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const told = { passing: 0, failing: 0 };
  for await (const text of createInterface({ input: child.stdout })) {
    const [, count, word] = /^\s*(\d+) (passing|failing)\b/.exec(text) ?? [];
    if (word === 'passing' || word === 'failing') told[word] += Number(count);
    console.log(`${name.padEnd(8)} ${text}`);
  }
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('exit', resolve)));
  return { ...told, code };
}

const startedAt = performance.now();
const results = await Promise.all(Object.entries(lines).map(([name, line]) => run(name, line)));
const sum = (of: 'passing' | 'failing') => results.reduce((total, result) => total + result[of], 0);
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
console.log(`\n${sum('passing')} passing, ${sum('failing')} failing, ${minutes} min`);
// a line that ended without its count ended in the middle
process.exitCode = results.every(({ code, passing }) => code === 0 && passing > 0) ? 0 : 1;
