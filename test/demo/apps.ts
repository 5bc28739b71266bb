import type { IdentityType, TargetType } from '../../src/api/spec.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { ConnectionKey } from '../support/connections.ts';
import { identityToken } from '../support/hosted-app.ts';
import { databaseScope, type Environment } from '../support/workload.ts';

/** A container app of the demo, and its connection. */
export interface ShownApp {
  readonly name: string;
  readonly key: ConnectionKey;
  readonly identity: Exclude<IdentityType, 'ServicePrincipal'>;
  readonly target: TargetType;
  /** What its settings begin with. */
  readonly prefix: string;
}

/** What the demo shows beside service accounts, in its order. */
export const shownApps: readonly ShownApp[] = [
  {
    name: 'shop-web',
    key: { namespace: 'shop', name: 'web-db' },
    identity: 'SystemAssigned',
    target: 'PostgreSQL',
    prefix: 'AZURE_POSTGRESQL',
  },
  {
    name: 'shop-worker',
    key: { namespace: 'shop', name: 'worker-db' },
    identity: 'UserAssigned',
    target: 'MySQL',
    prefix: 'AZURE_MYSQL',
  },
];

/** What the newest revision of the app has in its environment. */
export function environmentOf({ workloads, world }: Sandbox, { name }: ShownApp): Environment {
  const app = world.hosts.containerApps.find((each) => each.name === name);
  return workloads.environmentOf(app?.resourceId ?? '');
}

/** The settings in an app's environment. */
export function settingsIn(environment: Environment, { prefix }: ShownApp): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith(`${prefix}_`)));
}

/** A token of the app's identity, got as the app gets it: at the endpoint that its environment names. */
export async function tokenOf(
  environment: Environment,
  { prefix }: ShownApp,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  return await identityToken(environment, { scope: databaseScope, clientId: environment[`${prefix}_CLIENTID`], signal });
}
