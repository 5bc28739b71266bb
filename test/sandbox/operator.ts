import { join } from 'node:path';
import type { Clock } from '../../src/runtime/clock.ts';
import type { World } from './azure/world.ts';
import type { Log } from './cache.ts';
import { SupervisedProcess } from './control-plane/child-process.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { freePort } from './control-plane/free-port.ts';
import { projectTokens } from './kubelet.ts';

/** Everything outside that the operator is told of. */
export interface OperatorOptions {
  readonly controlPlane: ControlPlane;
  readonly world: World;
  readonly authority: string;
  readonly armEndpoint: string;
  readonly suffix: string;
  readonly caFile: string;
  readonly directory: string;
  readonly driftInterval: string;
  /** Further flags, as they are given on the command line. */
  readonly flags: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** The operator as a process of its own, with the rights that deploy/ gives its service account. */
export interface Operator {
  readonly pid: number;
  readonly metrics: string;
  readonly logFile: string;
  readonly failure: Promise<Error>;
  stop(options: { readonly signal: AbortSignal }): Promise<void>;
}

const namespace = 'passwordless-system';
const serviceAccount = 'passwordless-operator';
const readyWithinInMs = 60_000;
const readyCheckInMs = 50;

/** Where the repository begins. */
const root = join(import.meta.dirname, '..', '..');

/** Files and flags with which the operator is started by hand or by us. */
export interface OperatorCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Writes the operator's tokens and kubeconfig, as the kubelet and azure-workload-identity's webhook would, and answers how to start it. */
export async function prepareOperator(options: OperatorOptions, { signal }: { readonly signal: AbortSignal }): Promise<OperatorCommand> {
  const { controlPlane, world, directory, clock, log } = options;
  const kubernetesToken = join(directory, 'operator.token');
  const federatedToken = join(directory, 'operator.federated-token');
  const kubeconfig = join(directory, 'operator.kubeconfig');
  const tokens = [
    { namespace, serviceAccount, path: kubernetesToken },
    { namespace, serviceAccount, audience: 'api://AzureADTokenExchange', path: federatedToken },
  ];
  await projectTokens(controlPlane.api, tokens, { clock, log, signal });
  await controlPlane.kubeconfigFor({ name: serviceAccount, tokenFile: kubernetesToken, path: kubeconfig }, { signal });
  const scope = (resource: string) => `${resource}/.default`;
  return {
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--ca-file=${options.caFile}`,
      '--cloud=custom',
      `--authority=${options.authority}`,
      `--arm-endpoint=${options.armEndpoint}`,
      `--arm-scope=${scope('https://management.azure.com')}`,
      `--ossrdbms-scope=${scope('https://ossrdbms-aad.database.windows.net')}`,
      `--sql-scope=${scope('https://database.windows.net')}`,
      `--postgresql-suffix=${options.suffix}`,
      `--mysql-suffix=${options.suffix}`,
      `--azuresql-suffix=${options.suffix}`,
      `--drift-interval=${options.driftInterval}`,
      ...options.flags,
    ],
    env: { AZURE_TENANT_ID: world.tenantId, AZURE_CLIENT_ID: world.operatorClientId, AZURE_FEDERATED_TOKEN_FILE: federatedToken },
  };
}

/** Starts the operator and waits until it is ready. Rejects with the end of its log when it isn't within a minute. */
export async function startOperator(
  command: OperatorCommand,
  { directory, clock }: Pick<OperatorOptions, 'directory' | 'clock'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<Operator> {
  const port = await freePort({ signal });
  const logFile = join(directory, 'operator.log');
  const metrics = `http://127.0.0.1:${port}/metrics`;
  const process_ = await SupervisedProcess.start(
    {
      name: 'operator',
      program: process.execPath,
      args: [join(root, 'src', 'main.ts'), ...command.args, `--metrics-address=127.0.0.1:${port}`],
      env: command.env,
      directory,
      logFile,
    },
    { signal },
  );
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(readyWithinInMs)]);
  try {
    await Promise.race([becomesReady(`http://127.0.0.1:${port}/readyz`, clock, deadline), process_.failure.then(rethrow)]);
  } catch (error) {
    await process_.stop({ signal: AbortSignal.abort() });
    throw error;
  }
  return { pid: process_.pid, metrics, logFile, failure: process_.failure, stop: (options) => process_.stop(options) };
}

async function becomesReady(url: string, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await fetch(url, { signal }).catch(() => undefined);
    if (answer?.ok) return;
    await clock.sleep(readyCheckInMs, signal);
  }
}

function rethrow(error: Error): never {
  throw error;
}
