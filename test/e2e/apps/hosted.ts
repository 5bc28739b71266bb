import type { ConnectionSpec, IdentityType, TargetType } from '../../../src/api/spec.ts';
import { newContainerApp } from '../../sandbox/azure/hosts/container-app.ts';
import type { HostedApp } from '../../sandbox/azure/hosts/hosts.ts';
import { newSpringApp } from '../../sandbox/azure/hosts/spring-app.ts';
import { newWebApp } from '../../sandbox/azure/hosts/web-app.ts';
import { type Application, logInTo } from '../../support/application.ts';
import { identityToken, principalToken } from '../../support/hosted-app.ts';
import { databaseScope, type Environment } from '../../support/workload.ts';
import { applyPolicy, azureSqlServerId, create, identityId, inTime, sandbox, server, serverId } from '../support.ts';

const group = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/sandbox';
const place = { groupId: group, location: 'westeurope' };

/** Of each engine: its server, what a token for it is asked for, and what its settings begin with. */
export const engines: Readonly<Record<TargetType, { readonly serverId: string; readonly scope: string; readonly prefix: string }>> = {
  PostgreSQL: { serverId, scope: databaseScope, prefix: 'AZURE_POSTGRESQL' },
  MySQL: { serverId: `${group}/providers/Microsoft.DBforMySQL/flexibleServers/shop-mysql`, scope: databaseScope, prefix: 'AZURE_MYSQL' },
  AzureSQL: { serverId: azureSqlServerId, scope: 'https://database.windows.net/.default', prefix: 'AZURE_SQL' },
};

/** The label of namespaces whose connections may have all that these tests ask for. */
export const servedLabel = { 'e2e.example/apps': 'true' };

/** Puts an app into the sandbox's Azure. */
export async function host<A extends HostedApp>(app: A): Promise<A> {
  const { world, openEndpoint } = await sandbox();
  switch (app.type) {
    case 'ContainerApp':
      world.hosts.containerApps.push(app);
      break;
    case 'WebApp':
      world.hosts.webApps.push(app);
      break;
    case 'SpringApp':
      world.hosts.springApps.push(app);
      break;
    default:
      app satisfies never;
  }
  await openEndpoint(app);
  return app;
}

export const containerApp = (name: string, containers = ['main']) =>
  newContainerApp({ ...place, name, containers: containers.map((each) => containerOf(each)) });
export const webApp = (name: string, slot?: string) => newWebApp({ ...place, name, ...(slot !== undefined && { slot }) });
export const springApp = (name: string, deployments = ['default']) => newSpringApp({ ...place, service: 'shop', name, deployments });

/** As a file of `az containerapp create --yaml` has it. */
export function containerOf(name: string) {
  return {
    image: `registry.example/${name}:1`,
    name,
    resources: { cpu: 0.5, memory: '1Gi' },
    env: [{ name: 'LEVEL', value: 'info' }],
  };
}

/** Where a connection of the app is for. */
export function workloadOf({ type, resourceId }: HostedApp): ConnectionSpec['workload'] {
  switch (type) {
    case 'ContainerApp':
      return { type, containerApp: { resourceId } };
    case 'WebApp': {
      const [site = '', slot] = resourceId.split('/slots/');
      return { type, webApp: { resourceId: site, ...(slot !== undefined && { slot }) } };
    }
    case 'SpringApp':
      return { type, springApp: { resourceId } };
    default:
      return type satisfies never;
  }
}

/** What the newest revision or start of the app has in its environment. */
export async function environmentOf({ resourceId }: HostedApp, part?: string): Promise<Environment> {
  return (await sandbox()).workloads.environmentOf(resourceId, part === undefined ? {} : { part });
}

/** Logs in as the app does, with what it finds in its environment and nothing else. */
export async function logInAs(environment: Environment, type: TargetType, identity: IdentityType): Promise<Application> {
  return await logInTo(type, environment, await tokenIn(environment, type, identity));
}

/** A token that somebody with this environment gets. */
export async function tokenIn(environment: Environment, type: TargetType, identity: IdentityType): Promise<string> {
  const { scope, prefix } = engines[type];
  const { authority } = (await sandbox()).file.entra;
  if (identity === 'ServicePrincipal') return await principalToken(environment, { prefix, authority, scope, ...inTime() });
  return await identityToken(environment, { scope, clientId: environment[`${prefix}_CLIENTID`], ...inTime() });
}

/** A service principal with this secret, known to everybody in Azure. */
export async function newPrincipal(name: string, secret: string) {
  const { world } = await sandbox();
  const principal = { name, clientId: crypto.randomUUID(), principalId: crypto.randomUUID(), federatedCredentials: [], secrets: [secret] };
  world.servicePrincipals.push(principal);
  await (await server()).syncPrincipals();
  return principal;
}

/** What a spec says of a service principal whose secret is under `secret` in a Secret. */
export async function principalIdentity(
  { clientId, principalId }: { readonly clientId: string; readonly principalId: string },
  secretName: string,
): Promise<ConnectionSpec['identity']> {
  const { tenantId } = (await sandbox()).world;
  const clientSecretRef = { name: secretName, key: 'secret' };
  return { type: 'ServicePrincipal', servicePrincipal: { tenantId, clientId, objectId: principalId, clientSecretRef } };
}

/** A Secret to which connections of the namespace may refer, unless `labels` says otherwise. */
export async function newClientSecret(
  namespace: string,
  name: string,
  value: string,
  labels: Readonly<Record<string, string>> = { 'dbaccess.dev/referable': 'true' },
): Promise<void> {
  const metadata = { name, labels };
  await create(`/api/v1/namespaces/${namespace}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { secret: value } });
}

/** Gives Secret `principal` of the namespace this value, and the label. */
export async function writeSecret(namespace: string, secret: string): Promise<void> {
  const { api } = (await sandbox()).controlPlane;
  const body = { metadata: { labels: { 'dbaccess.dev/referable': 'true' } }, stringData: { secret } };
  const contentType = 'application/merge-patch+json';
  await api.request('PATCH', `/api/v1/namespaces/${namespace}/secrets/principal`, { body, contentType }, inTime());
}

/** Allows namespaces with servedLabel all apps, identities and service principals that there are by now. */
export async function appsPolicy(name: string): Promise<void> {
  const { servicePrincipals } = (await sandbox()).world;
  await applyPolicy(name, {
    namespaces: { selector: { matchLabels: servedLabel } },
    workloads: {
      serviceAccounts: ['*'],
      resourceIds: ['App/containerApps/*', 'Web/sites/*', 'AppPlatform/Spring/*/apps/*'].map(
        (each) => `${group}/providers/Microsoft.${each}`,
      ),
    },
    identities: {
      create: 'Allow',
      userAssigned: [identityId('*')],
      servicePrincipals: servicePrincipals.map(({ clientId, principalId }) => ({ clientId, objectId: principalId })),
    },
    secretReferences: 'Allow',
    targets: [
      {
        servers: Object.values(engines).map((engine) => engine.serverId),
        databases: ['orders'],
        profiles: ['ReadOnly', 'ReadWrite'],
        adoption: 'Allow',
      },
    ],
  });
}
