import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { OperatorCommand } from './operator.ts';
import { startSandbox } from './sandbox.ts';
import { shellQuoted } from './shell-quoted.ts';

const root = join(import.meta.dirname, '..', '..');
const samples = ['workload', 'policy', 'connections'].map((name) => `test/sandbox/samples/${name}.yaml`);

const usage = `npm run sandbox [-- flags]   Kubernetes, Entra, ARM, PostgreSQL, MySQL and Azure SQL on this machine, until Ctrl-C

  --no-operator   leaves the operator out, and prints how to start it by hand
  --no-samples    leaves out the namespace, policy and connections of test/sandbox/samples
  --help          prints this

MySQL is the mysqld or mariadbd that SANDBOX_MYSQLD names or that is on PATH. Where there is none, root on Debian gets the
distribution's MariaDB installed; SANDBOX_INSTALL=0 forbids that.`;

const stop = new AbortController();

/** `npm run sandbox`: up until Ctrl-C. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      'no-operator': { type: 'boolean', default: false },
      'no-samples': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(new Error('stopped')));
  const startedAt = Date.now();
  const log = (line: string) => console.log(`  ${line}`);
  const directory = join(root, '.sandbox');

  console.log('The sandbox starts: Kubernetes, Entra, ARM, PostgreSQL, MySQL and Azure SQL on this machine.');
  const sandbox = await startSandbox({ directory, operator: !values['no-operator'], log, signal: stop.signal });
  try {
    if (!values['no-samples']) {
      log('applying the samples');
      await sandbox.apply(samples, { signal: stop.signal });
    }
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
    console.log(`
Ready after ${seconds} s. Everything about it is in .sandbox/sandbox.json. Now in another terminal:

  export KUBECONFIG=${shellQuoted(sandbox.file.kubeconfig)}
${values['no-samples'] ? toApply : toLookAt}

${values['no-operator'] ? byHand(sandbox.operatorCommand) : `The operator logs to ${join(directory, 'operator.log')}.`}

Ctrl-C ends it all.`);
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve();
      stop.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    console.log('\nThe sandbox ends.');
  } finally {
    await sandbox.stop();
  }
  return 0;
}

const toApply = samples.map((path) => `  kubectl apply -f ${path}`).join('\n');
const toLookAt = `  kubectl get plc -A -o wide
  kubectl describe plc -n shop orders-db
  kubectl get secret -n shop orders-db -o yaml`;

/** The operator's own command line, for another terminal. */
function byHand({ args, env }: OperatorCommand): string {
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${shellQuoted(value)}`);
  return [
    'The operator does not run yet. To run it:',
    '',
    ...variables.map((line) => `  ${line}`),
    `  npm start -- ${[...args, '--metrics-address=127.0.0.1:8080'].map(shellQuoted).join(' ')}`,
  ].join('\n');
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (stop.signal.aborted) {
      console.log('\nThe sandbox ends before it was ready.');
      process.exit(130);
    }
    console.error(`The sandbox could not start: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  },
);
