import { parseArgs } from 'node:util';
import type { TargetType } from '../../src/api/spec.ts';
import type { Cloud } from '../../src/azure/cloud.ts';
import { isGuid, parseResourceId, type ResourceId, serverKinds } from '../../src/azure/resource-id.ts';
import { ConfigError, readConfig } from '../../src/config.ts';
import { type SecretText, secretText } from '../../src/runtime/secret-text.ts';
import { variables } from './variables.ts';

export const usage = `npm run test:live [-- flags]   the contract suite against servers in Azure; docs/test-live.md

  --only=ENGINES   of PostgreSQL, MySQL and AzureSQL those to test, with commas; default: all
  --clean-up       takes away what a run that was killed left behind, and tests nothing
  --in-sandbox     starts a sandbox and tests against that instead of Azure, to try the suite itself
  --cloud=NAME     and the other flags of a cloud, and --ca-file, as the operator takes them: npm start -- --help
  --help           prints this
`;

/** What the command line asks for. */
export interface Wish {
  readonly help: boolean;
  readonly cleanUp: boolean;
  readonly inSandbox: boolean;
  readonly only: readonly TargetType[];
  /** Flags that the operator has too. */
  readonly operatorFlags: readonly string[];
}

export interface ClientSecret {
  readonly clientId: string;
  readonly secret: SecretText;
}

/** Everything that a live run is told by the environment, settled. */
export interface LiveConfig {
  readonly tenantId: string;
  readonly operator: ClientSecret | { readonly clientId: string; readonly tokenFile: string };
  readonly first: ClientSecret;
  readonly second: ClientSecret;
  /** Of the engines that are asked for. */
  readonly servers: Partial<Readonly<Record<TargetType, ResourceId>>>;
  readonly sqlDatabase: string;
  readonly cloud: Cloud;
  readonly caFile: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const engines = ['PostgreSQL', 'MySQL', 'AzureSQL'] as const satisfies readonly TargetType[];
const ownFlags = ['help', 'clean-up', 'in-sandbox', 'only'];

/** Throws ConfigError. */
export function readWish(args: readonly string[]): Wish {
  const isOwn = (arg: string) => ownFlags.includes(arg.replace(/^--|=.*$/g, ''));
  const { values } = parseArgs({
    args: args.filter(isOwn),
    options: {
      help: { type: 'boolean', default: false },
      'clean-up': { type: 'boolean', default: false },
      'in-sandbox': { type: 'boolean', default: false },
      only: { type: 'string', default: engines.join(',') },
    },
  });
  const named = values.only.split(',');
  const stranger = named.find((name) => !engines.some((each) => each === name));
  if (stranger !== undefined) throw new ConfigError(`--only takes ${engines.join(', ')}, not ${JSON.stringify(stranger)}`);
  if (values['in-sandbox'] && values['clean-up']) throw new ConfigError('--in-sandbox starts afresh: there is nothing to clean up');
  return {
    help: values.help,
    cleanUp: values['clean-up'],
    inSandbox: values['in-sandbox'],
    only: engines.filter((each) => named.includes(each)),
    operatorFlags: args.filter((arg) => !isOwn(arg)),
  };
}

/** Throws ConfigError that names the first variable that is missing, and where it comes from. */
export function readLiveConfig({ only, operatorFlags }: Pick<Wish, 'only' | 'operatorFlags'>, env: Environment): LiveConfig {
  for (const { name, what, from, of } of variables) {
    if (of !== undefined && !only.includes(of)) continue;
    if (env[name] || (name === 'AZURE_CLIENT_SECRET' && env['AZURE_FEDERATED_TOKEN_FILE'])) continue;
    throw new ConfigError(`${name} is not set: ${what}.\n  ${from}`);
  }
  const given = (name: string) => env[name] ?? '';
  const clientId = (name: string) => {
    if (isGuid(given(name))) return given(name);
    throw new ConfigError(`${name} must be a client id, which is a GUID`);
  };
  const application = (which: string): ClientSecret => ({
    clientId: clientId(`LIVE_${which}_CLIENT_ID`),
    secret: secretText(given(`LIVE_${which}_CLIENT_SECRET`)),
  });
  const id = clientId('AZURE_CLIENT_ID');
  const tokenFile = given('AZURE_FEDERATED_TOKEN_FILE');
  const config = readConfig(operatorFlags, { ...env, AZURE_FEDERATED_TOKEN_FILE: tokenFile || 'none' });
  if (config === 'help') throw new ConfigError(usage);
  return {
    tenantId: given('AZURE_TENANT_ID'),
    operator: tokenFile ? { clientId: id, tokenFile } : { clientId: id, secret: secretText(given('AZURE_CLIENT_SECRET')) },
    first: application('FIRST'),
    second: application('SECOND'),
    servers: Object.fromEntries(only.map((type) => [type, serverId(type, env)])),
    sqlDatabase: given('LIVE_AZURESQL_DATABASE'),
    cloud: config.cloud,
    caFile: config.caFile,
  };
}

function serverId(type: TargetType, env: Environment): ResourceId {
  const name = `LIVE_${type.toUpperCase()}_SERVER_ID`;
  const parsed = parseResourceId(env[name], serverKinds[type]);
  if (!parsed.ok) throw new ConfigError(`${name} ${parsed.why}`);
  return parsed.id;
}
