import { parseArgs } from 'node:util';
import { type Cloud, clouds, customCloud } from './azure/cloud.ts';
import type { OnWithdrawal } from './connection/withdrawals.ts';
import { isPublicAddress } from './targets/refused-address.ts';

/** Everything that a user can set, settled. Times in milliseconds. */
export interface Config {
  /** Path of a kubeconfig; the environment's or the pod's own when undefined. */
  readonly kubeconfig: string | undefined;
  /** Path of a PEM file with certificate authorities to trust beside the usual ones. */
  readonly caFile: string | undefined;
  readonly cloud: Cloud;
  readonly driftIntervalInMs: number;
  /** How long the access of a connection goes on that no policy allows any more. */
  readonly withdrawalGraceInMs: number;
  readonly onWithdrawal: OnWithdrawal;
  /** More withdrawals than this at once are not carried out. */
  readonly maxWithdrawals: number;
  /** How long the end of a deleted connection must have failed before it may be let go without. */
  readonly abandonAfterInMs: number;
  /** The public addresses that the operator comes from: temporary firewall rules are made for no other. Any when empty. */
  readonly egressAddresses: readonly string[];
  /** The operator's own namespace: its ledger is there, and nothing in it is ever served. */
  readonly namespace: string;
  readonly workers: number;
  /** Where metrics and probes are served. */
  readonly metrics: { readonly host: string; readonly port: number };
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  /** The operator's own identity, as azure-workload-identity's webhook puts it into the environment. */
  readonly credential: { readonly tenantId: string; readonly clientId: string; readonly tokenFile: string };
  /** The name under which Events say who wrote them. */
  readonly instance: string;
}

/** A flag or variable is missing or wrong; the message says which and what it takes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const flags = {
  kubeconfig: { type: 'string' },
  'ca-file': { type: 'string' },
  cloud: { type: 'string', default: 'public' },
  authority: { type: 'string' },
  'arm-endpoint': { type: 'string' },
  'arm-scope': { type: 'string' },
  'ossrdbms-scope': { type: 'string' },
  'sql-scope': { type: 'string' },
  'postgresql-suffix': { type: 'string' },
  'mysql-suffix': { type: 'string' },
  'azuresql-suffix': { type: 'string' },
  'drift-interval': { type: 'string', default: '10m' },
  'withdrawal-grace': { type: 'string', default: '10m' },
  'on-withdrawal': { type: 'string', default: 'disable' },
  'max-withdrawals': { type: 'string', default: '20' },
  'abandon-after': { type: 'string', default: '5m' },
  'egress-ips': { type: 'string' },
  namespace: { type: 'string', default: 'passwordless-system' },
  workers: { type: 'string', default: '256' },
  'metrics-address': { type: 'string', default: '0.0.0.0:8080' },
  'log-level': { type: 'string', default: 'info' },
  help: { type: 'boolean', default: false },
} as const;

type Flags = ReturnType<typeof parseFlags>;

/** What --help prints. */
export const usage = `Usage: passwordless-operator [flags]

  --kubeconfig=PATH         default: KUBECONFIG, ~/.kube/config, or the pod's own
  --ca-file=PATH            PEM file with certificate authorities to trust beside the usual ones
  --cloud=NAME              public, usgov, china or custom; default: public
                            custom takes --authority, --arm-endpoint, --arm-scope, --ossrdbms-scope, --sql-scope,
                            --postgresql-suffix, --mysql-suffix and --azuresql-suffix, all of them
  --drift-interval=TIME     how often what is in sync is looked at again, ±10 %; default: 10m
  --withdrawal-grace=TIME   how long access goes on that no policy allows any more; default: 10m
  --on-withdrawal=WHAT      disable (login and sessions end, rights stay), delete or keep; default: disable
  --max-withdrawals=N       more than these at once are taken for a mistake and not carried out; default: 20
  --abandon-after=TIME      how long the server of a deleted connection must have been out of reach before annotation
                            dbaccess.dev/abandon lets the connection go; default: 5m
  --egress-ips=IPS          the public IPv4 addresses that the operator comes from, with commas: temporary firewall rules,
                            where a policy allows them, are made for no other; default: the one that a server names
  --namespace=NAME          the operator's own namespace; default: passwordless-system
  --workers=N               connections worked on at a time; default: 256
  --metrics-address=H:P     where /metrics, /healthz and /readyz are served; default: 0.0.0.0:8080
  --log-level=LEVEL         error, warn, info or debug; default: info

Environment: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE, as the azure-workload-identity webhook sets them.
`;

/** The configuration of a command line and an environment; 'help' when that was asked for. Throws ConfigError. */
export function readConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Config | 'help' {
  const given = parseFlags(args);
  if (given.help) return 'help';
  return Object.freeze({
    kubeconfig: given.kubeconfig,
    caFile: given['ca-file'],
    cloud: cloudOf(given),
    driftIntervalInMs: durationOf('drift-interval', given['drift-interval']),
    withdrawalGraceInMs: durationOf('withdrawal-grace', given['withdrawal-grace']),
    onWithdrawal: oneOf('on-withdrawal', given['on-withdrawal'], ['disable', 'delete', 'keep'] as const),
    maxWithdrawals: integerOf('max-withdrawals', given['max-withdrawals'], 0, 100_000),
    abandonAfterInMs: durationOf('abandon-after', given['abandon-after']),
    egressAddresses: publicAddressesOf(given['egress-ips']),
    namespace: namespaceOf(given.namespace),
    workers: integerOf('workers', given.workers, 1, 1024),
    metrics: addressOf(given['metrics-address']),
    logLevel: oneOf('log-level', given['log-level'], ['error', 'warn', 'info', 'debug'] as const),
    credential: {
      tenantId: variable(env, 'AZURE_TENANT_ID'),
      clientId: variable(env, 'AZURE_CLIENT_ID'),
      tokenFile: variable(env, 'AZURE_FEDERATED_TOKEN_FILE'),
    },
    instance: env['HOSTNAME'] || 'passwordless-operator',
  });
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}. See --help.`, { cause: error });
  }
}

function publicAddressesOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const addresses = text.split(',').map((each) => each.trim());
  const wrong = addresses.find((each) => !isPublicAddress(each));
  if (wrong !== undefined)
    throw new ConfigError(`--egress-ips takes public IPv4 addresses with commas between them, not ${JSON.stringify(wrong)}`);
  return addresses;
}

function cloudOf(given: Flags): Cloud {
  const name = oneOf('cloud', given.cloud, ['public', 'usgov', 'china', 'custom'] as const);
  const fields = [
    'authority',
    'arm-endpoint',
    'arm-scope',
    'ossrdbms-scope',
    'sql-scope',
    'postgresql-suffix',
    'mysql-suffix',
    'azuresql-suffix',
  ] as const;
  if (name !== 'custom') {
    const stray = fields.find((field) => given[field] !== undefined);
    if (stray) throw new ConfigError(`--${stray} needs --cloud=custom`);
    return clouds[name];
  }
  const field = (flag: (typeof fields)[number]) => given[flag] ?? missing(`--cloud=custom needs --${flag}`);
  const fieldsGiven = {
    authority: httpsOrigin('authority', field('authority')),
    armEndpoint: httpsOrigin('arm-endpoint', field('arm-endpoint')),
    armScope: field('arm-scope'),
    ossrdbmsScope: field('ossrdbms-scope'),
    sqlScope: field('sql-scope'),
    suffixes: { PostgreSQL: field('postgresql-suffix'), MySQL: field('mysql-suffix'), AzureSQL: field('azuresql-suffix') },
  };
  try {
    return customCloud(fieldsGiven);
  } catch (error) {
    throw new ConfigError(`--cloud=custom: ${(error as Error).message}`, { cause: error });
  }
}

function httpsOrigin(flag: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new ConfigError(`--${flag} must be an https URL without a path, not ${JSON.stringify(text)}`);
  }
  return url.origin;
}

const unitsInMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A week. Beyond 24 days a timer of Node's would fire at once. */
const longestInMs = 168 * unitsInMs.h;

function durationOf(flag: string, text: string): number {
  const found = /^(\d{1,6})(s|m|h)$/.exec(text);
  const ms = found ? Number(found[1]) * unitsInMs[found[2] as keyof typeof unitsInMs] : 0;
  if (ms < 1_000 || ms > longestInMs)
    throw new ConfigError(`--${flag} must be a time from 1s to 168h, such as 30s, 10m or 1h, not ${JSON.stringify(text)}`);
  return ms;
}

function integerOf(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new ConfigError(`--${flag} must be a number from ${least} to ${most}, not ${JSON.stringify(text)}`);
  return value;
}

/** A namespace of Kubernetes has a DNS label for a name: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
function namespaceOf(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new ConfigError(`--namespace must be the name of a namespace, not ${JSON.stringify(text)}`);
}

function addressOf(text: string): { readonly host: string; readonly port: number } {
  const found = /^(.+):(\d{1,5})$/.exec(text);
  if (!found?.[1]) throw new ConfigError(`--metrics-address must be host:port, not ${JSON.stringify(text)}`);
  return { host: found[1].replace(/^\[|\]$/g, ''), port: integerOf('metrics-address', found[2] ?? '', 0, 65_535) };
}

function oneOf<const T extends string>(flag: string, text: string, values: readonly T[]): T {
  return values.find((value) => value === text) ?? missing(`--${flag} must be one of ${values.join(', ')}, not ${JSON.stringify(text)}`);
}

function variable(env: Readonly<Record<string, string | undefined>>, name: string): string {
  return (
    env[name] ||
    missing(
      `${name} is not set: run the operator with Microsoft Entra Workload ID, that is with the label azure.workload.identity/use: "true" on its pod and the client id on its service account`,
    )
  );
}

function missing(message: string): never {
  throw new ConfigError(message);
}
