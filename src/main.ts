import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { ConfigError, readConfig, usage } from './config.ts';
import { runOperator } from './operator.ts';

/** Reads the command line and the environment, which nobody else does, and runs the operator until it is told to stop. */
async function main(): Promise<number> {
  const config = readConfig(process.argv.slice(2), process.env);
  if (config === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  if (config.caFile) tls.setDefaultCACertificates([...tls.getCACertificates('default'), readPem(config.caFile)]);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  await runOperator(config, { random: Math.random, newId: randomUUID }, { signal: stop.signal });
  return 0;
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`--ca-file ${path} can't be read: ${(error as Error).message}`);
  }
}

/** A fault that nobody caught: the process is in an unknown state, so it ends, and Kubernetes starts it again. */
function die(error: unknown): void {
  const { name, stack = '' } = error instanceof Error ? error : new Error('not an Error');
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  process.stderr.write(`${JSON.stringify({ level: 'error', message: 'unhandled fault', name, stack: frames })}\n`);
  process.exit(1);
}
process.on('uncaughtException', die);
process.on('unhandledRejection', die);

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    process.stderr.write(error instanceof ConfigError ? `${message}\n` : `${name}: ${message}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  },
);
