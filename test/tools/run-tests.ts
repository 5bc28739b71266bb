import { spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

/** Tests wait for servers and for intervals most of their time, so that two lines of them side by side take little longer than the longer one. */
const lines = {
  contract: ['test/contract/**/*.test.ts'],
  others: ['test/unit/**/*.test.ts', 'test/cluster/**/*.test.ts', 'test/e2e/**/*.test.ts'],
} as const;

interface Result {
  readonly passing: number;
  readonly failing: number;
  readonly code: number | null;
}

/** Runs mocha for one line, telling each of its lines with the name before it. */
async function run(name: string, patterns: readonly string[]): Promise<Result> {
  const files: string[] = [];
  for await (const file of glob([...patterns])) files.push(file);
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
  const child = spawn(process.execPath, [mocha, ...files.sort(), ...process.argv.slice(2)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const told = { passing: 0, failing: 0 };
  for await (const line of createInterface({ input: child.stdout })) {
    const [, count, word] = /^\s*(\d+) (passing|failing)\b/.exec(line) ?? [];
    if (word === 'passing' || word === 'failing') told[word] += Number(count);
    console.log(`${name.padEnd(8)} ${line}`);
  }
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('exit', resolve)));
  return { ...told, code };
}

const startedAt = performance.now();
const results = await Promise.all(Object.entries(lines).map(([name, patterns]) => run(name, patterns)));
const sum = (of: 'passing' | 'failing') => results.reduce((total, result) => total + result[of], 0);
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
console.log(`\n${sum('passing')} passing, ${sum('failing')} failing, ${minutes} min`);
// a line that ended without its count ended in the middle
process.exitCode = results.every(({ code, passing }) => code === 0 && passing > 0) ? 0 : 1;
