import { randomUUID } from 'node:crypto';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import { createContainerApps } from '../../../src/azure/container-apps.ts';
import { createSpringApps } from '../../../src/azure/spring-apps.ts';
import { createWebApps } from '../../../src/azure/web-apps.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { createAppWorkload } from '../../../src/workloads/app-workload.ts';
import { createContainerAppWorkload } from '../../../src/workloads/container-app.ts';
import { createSpringAppWorkload } from '../../../src/workloads/spring-app.ts';
import { createWebAppWorkload } from '../../../src/workloads/web-app.ts';
import { type ContainerApp, newContainerApp } from '../../sandbox/azure/hosts/container-app.ts';
import { wantedContainerApp, writeContainerApp } from '../../sandbox/azure/hosts/container-app-write.ts';
import type { HostIdentity } from '../../sandbox/azure/hosts/host-identity.ts';
import { environmentOf, type HostedApp } from '../../sandbox/azure/hosts/hosts.ts';
import type { IdentityEndpoint } from '../../sandbox/azure/hosts/identity-endpoint.ts';
import { type JsonObject, objectIn, objectsIn } from '../../sandbox/azure/hosts/json.ts';
import { newSpringApp, type SpringApp } from '../../sandbox/azure/hosts/spring-app.ts';
import { newWebApp, type WebApp } from '../../sandbox/azure/hosts/web-app.ts';
import { EndpointRefusal, identityToken } from '../../support/hosted-app.ts';
import { databaseScope } from '../../support/workload.ts';
import { type ContractAzure, groupId, startContractAzure } from './contract-azure.ts';
import type { ContractWorkload, Environment } from './contract-workload.ts';

/** An app of one of Azure's host services. */
export interface ContractApp extends ContractWorkload {
  readonly azure: ContractAzure;
  readonly kind: ReturnType<typeof createAppWorkload>;
  /** The actions that it takes to give the app settings and an identity, and to end that. */
  readonly actions: readonly string[];
  readonly resourceId: string;
  identity(): HostIdentity;
  setIdentity(identity: HostIdentity): void;
  /** The app's tags, and those that it had from the beginning. */
  tags(): Environment;
  readonly ownTags: Environment;
  /** What the app's own token endpoint answers for the identity with this client id, or for its own one: the token's object id, or the status of the refusal. */
  tokenOf(clientId?: string): Promise<string | number>;
  /** How often the app has started anew. */
  starts(): number;
  /** Another operation holds the app until it is called again with false. */
  hold(isHeld: boolean): void;
}

interface AppParts<A extends HostedApp> {
  readonly title: string;
  readonly spec: (resourceId: string) => ConnectionSpec['workload'];
  readonly kind: (azure: ContractAzure) => ReturnType<typeof createAppWorkload>;
  readonly actions: readonly string[];
  readonly make: () => A;
  readonly add: (azure: ContractAzure, app: A) => void;
  readonly byHand: (app: A, settings: (before: Environment) => Environment) => void;
  readonly starts: (app: A) => number;
  readonly hold: (app: A, isHeld: boolean) => void;
}

const common = { groupId, location: 'westeurope' };
const identityActions = [
  'Microsoft.ManagedIdentity/userAssignedIdentities/read',
  'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
];

export const startContainerApp = () =>
  start<ContainerApp>({
    title: 'ContainerApp',
    spec: (resourceId) => ({ type: 'ContainerApp', containerApp: { resourceId } }),
    kind: ({ arm, clock }) => createContainerAppWorkload(createContainerApps(arm, clock)),
    actions: [
      ...identityActions,
      'Microsoft.App/containerApps/read',
      'Microsoft.App/containerApps/write',
      'Microsoft.App/containerApps/listSecrets/action',
      'Microsoft.App/managedEnvironments/join/action',
      'Microsoft.App/locations/containerappOperationResults/read',
    ],
    make: () => newContainerApp({ ...common, name: 'orders', containers: [container('orders', { LEVEL: 'info' })] }),
    add: ({ world }, app) => world.hosts.containerApps.push(app),
    byHand: writeContainers,
    starts: ({ revisions }) => revisions.length - 1,
    hold(app, isHeld) {
      if (isHeld) app.operations.push({ id: randomUUID(), startedAt: 0, endsAt: Number.POSITIVE_INFINITY });
      else app.operations.pop();
    },
  });

export const startWebApp = () => startSite('WebApp', undefined);
export const startSlot = () => startSite('WebApp, a slot', 'staging');

const startSite = (title: string, slot: string | undefined) => {
  const slots = slot === undefined ? '' : '/slots';
  return start<WebApp>({
    title,
    spec: (resourceId) => ({
      type: 'WebApp',
      webApp: { resourceId: resourceId.split('/slots/')[0] ?? '', ...(slot !== undefined && { slot }) },
    }),
    kind: ({ arm, clock }) => createWebAppWorkload(createWebApps(arm, clock)),
    actions: [
      ...identityActions,
      ...['read', 'write', 'config/list/action', 'config/write'].map((verb) => `Microsoft.Web/sites${slots}/${verb}`),
    ],
    make: () =>
      newWebApp({ ...common, name: 'orders', ...(slot !== undefined && { slot }), appSettings: { LEVEL: 'info' }, tags: { team: 'shop' } }),
    add: ({ world }, app) => world.hosts.webApps.push(app),
    byHand(app, settings) {
      app.appSettings = settings(app.appSettings);
    },
    starts: ({ restarts }) => restarts,
    hold(app, isHeld) {
      app.runningOperation = isHeld ? 'Update' : undefined;
    },
  });
};

export const startSpringApp = () =>
  start<SpringApp>({
    title: 'SpringApp',
    spec: (resourceId) => ({ type: 'SpringApp', springApp: { resourceId } }),
    kind: ({ arm, clock }) => createSpringAppWorkload(createSpringApps(arm, clock)),
    actions: [
      ...identityActions,
      ...['read', 'write', 'deployments/read', 'deployments/write'].map((verb) => `Microsoft.AppPlatform/Spring/apps/${verb}`),
      'Microsoft.AppPlatform/locations/operationStatus/operationId/read',
    ],
    make: () =>
      newSpringApp({
        ...common,
        service: 'shop',
        name: 'orders',
        deployments: ['green', 'grey', 'blue'],
        environmentVariables: { LEVEL: 'info' },
      }),
    add({ world }, app) {
      // on the list's second page
      for (const deployment of app.deployments) deployment.active = deployment.name === 'blue';
      world.hosts.springApps.push(app);
    },
    byHand(app, settings) {
      const active = activeOf(app);
      active.environmentVariables = settings(active.environmentVariables);
    },
    starts: (app) => activeOf(app).restarts,
    hold(app, isHeld) {
      const { operations } = activeOf(app);
      if (isHeld) operations.push({ id: randomUUID(), startedAt: 0, endsAt: Number.POSITIVE_INFINITY });
      else operations.pop();
    },
  });

async function start<A extends HostedApp>(parts: AppParts<A>): Promise<ContractApp> {
  const azure = await startContractAzure();
  let app = parts.make();
  const hosted = (environment: Environment) =>
    Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(CONTAINER_APP|WEBSITE|DBACCESS)_/.test(name)));
  return {
    title: parts.title,
    azure,
    kind: parts.kind(azure),
    spec: parts.spec(app.resourceId),
    missing: parts.spec(app.resourceId.replace('orders', 'nobody')),
    actions: parts.actions,
    resourceId: app.resourceId,
    tags: () => tagsOf(app),
    ownTags: tagsOf(app),
    identity: () => app.identity,
    setIdentity(identity) {
      app.identity = identity;
    },
    tokenOf: async (clientId) => await tokenAt(await azure.openEndpoint(app), clientId),
    environment: async () => hosted(environmentOf(app, { now: systemClock.now() })),
    async byHand({ set = {}, remove = [] }) {
      parts.byHand(app, (before) => Object.fromEntries(Object.entries({ ...before, ...set }).filter(([name]) => !remove.includes(name))));
    },
    writes: () => azure.writes().length,
    starts: () => parts.starts(app),
    hold: (isHeld) => parts.hold(app, isHeld),
    loseNextAnswer() {
      azure.faults.add({ match: { kind: 'arm', method: 'PATCH', path: 'orders' }, respond: { drop: 'after' }, times: 1 });
    },
    async reset() {
      azure.reset();
      app = parts.make();
      parts.add(azure, app);
    },
    skip: () => azure.skip(),
    stop: () => azure.stop(),
  };
}

async function tokenAt(
  { identityEndpoint, identityHeader, stop }: IdentityEndpoint,
  clientId: string | undefined,
): Promise<string | number> {
  const environment = { IDENTITY_ENDPOINT: identityEndpoint, IDENTITY_HEADER: identityHeader };
  try {
    const token = await identityToken(environment, { scope: databaseScope, clientId, signal: new AbortController().signal });
    return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { readonly oid: string }).oid;
  } catch (error) {
    if (error instanceof EndpointRefusal) return error.status;
    throw error;
  } finally {
    await stop();
  }
}

export function container(name: string, variables: Environment): JsonObject {
  const env = Object.entries(variables).map(([variable, value]) => ({ name: variable, value }));
  return { image: `registry.example/${name}:1`, name, resources: { cpu: 0.5, memory: '1Gi' }, env };
}

/** Tags, or what stands for them where there are none. */
function tagsOf(app: HostedApp): Environment {
  return app.type === 'SpringApp'
    ? Object.fromEntries(Object.entries(activeOf(app).environmentVariables).filter(([name]) => name.startsWith('DBACCESS')))
    : app.tags;
}

/** As the portal does: another template, and so another revision. */
function writeContainers(app: ContainerApp, settings: (before: Environment) => Environment): void {
  const [first, ...others] = objectsIn(objectIn(app.properties, 'template'), 'containers');
  const env = objectsIn(first, 'env').filter(({ secretRef }) => secretRef !== undefined);
  const plain = Object.fromEntries(
    objectsIn(first, 'env').flatMap(({ name, value, secretRef }) => (secretRef === undefined ? [[String(name), String(value ?? '')]] : [])),
  );
  const after = settings(plain);
  const containers = [{ ...first, env: [...env, ...Object.entries(after).map(([name, value]) => ({ name, value }))] }, ...others];
  const wanted = wantedContainerApp(app, { properties: { template: { containers } } }, 'PATCH');
  writeContainerApp(app, wanted, app.identity, { now: systemClock.now(), writeMs: 0, newId: randomUUID });
}

function activeOf({ deployments }: SpringApp): SpringApp['deployments'][number] {
  return deployments.find(({ active }) => active)!;
}
