import { armErrors } from '../arm-error.ts';
import type { ArmContext, ArmOperation } from '../arm-operation.ts';
import type { Answer } from '../service.ts';
import { type ContainerApp, newContainerApp, secretValues } from './container-app.ts';
import { renderContainerApp, renderRevision, renderSecretValues } from './container-app-answer.ts';
import { refusalOfUnknownMembers } from './container-app-members.ts';
import { checkIdle, wantedContainerApp, writeContainerApp } from './container-app-write.ts';
import { changedIdentity, isSameId, noIdentity } from './host-identity.ts';
import { checkLocation, type ResourceBody, readResource } from './resource-body.ts';
import { type RunningOperation, renderOperation, statusOfOperation } from './running-operation.ts';

/** That of @azure/arm-appcontainers 4.0.0, and an older one. */
const apiVersions = ['2026-07-01', '2025-07-01'];
const type = 'Microsoft.App/containerApps';
const groupPath = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}';
const appPath = `${groupPath}/providers/${type}/{appName}`;
const locationPath = '/subscriptions/{subscriptionId}/providers/Microsoft.App/locations/{location}';

export interface ContainerAppsOptions {
  /** How long a write of an app takes, and so how long it shuts out others. */
  readonly writeMs: number;
  readonly newId: () => string;
}

/** The operations of Microsoft.App. A PATCH is answered 202 with a Location, a PUT 201 with Azure-AsyncOperation: that is what containerapp/_clients.py of Azure/azure-cli waits for. */
export function containerAppOperations({ writeMs, newId }: ContainerAppsOptions): readonly ArmOperation[] {
  /** Undefined for an app that isn't there, which a PUT makes. */
  const write = (context: ArmContext, existing: ContainerApp | undefined, method: 'PATCH' | 'PUT'): Answer => {
    const { world, clock, apiVersion, body, demandLinked } = context;
    const now = clock.now();
    if (existing) checkIdle(existing, now);
    const resource = readResource(body);
    const refusal = refusalOfUnknownMembers(resource.properties, apiVersion);
    if (refusal) return refusal;
    const app = existing ?? emptyApp(context, resource);
    checkLocation(app, resource.location);
    demandLinked('Microsoft.App/managedEnvironments/join/action', String(app.properties['managedEnvironmentId'] ?? ''));
    const wanted = wantedContainerApp(app, resource, method);
    const identity =
      resource.identity === undefined
        ? app.identity
        : changedIdentity(app.identity, resource.identity, context, { resourceId: app.resourceId, method, newId });
    const operation = writeContainerApp(app, wanted, identity, { now, writeMs, newId });
    if (!existing) world.hosts.containerApps.push(app);
    if (method === 'PATCH') return { status: 202, headers: { Location: operationUrl(context, operation, 'containerappOperationResults') } };
    return {
      status: 201,
      headers: { 'Azure-AsyncOperation': `${operationUrl(context, operation, 'containerappOperationStatuses')}&azureAsyncOperation=true` },
      json: renderContainerApp(app, world, now),
    };
  };

  return [
    {
      method: 'GET',
      path: appPath,
      action: `${type}/read`,
      apiVersions,
      run: (context) => ({ status: 200, json: renderContainerApp(requiredApp(context), context.world, context.clock.now()) }),
    },
    {
      method: 'PATCH',
      path: appPath,
      action: `${type}/write`,
      apiVersions,
      run: (context) => write(context, requiredApp(context), 'PATCH'),
    },
    { method: 'PUT', path: appPath, action: `${type}/write`, apiVersions, run: (context) => write(context, findApp(context), 'PUT') },
    {
      method: 'POST',
      path: `${appPath}/listSecrets`,
      action: `${type}/listSecrets/action`,
      apiVersions,
      run: (context) => ({ status: 200, json: renderSecretValues(requiredApp(context)) }),
    },
    {
      method: 'GET',
      path: `${appPath}/revisions`,
      action: `${type}/revisions/read`,
      apiVersions,
      query: ['$skiptoken', '$filter'],
      run: (context) => {
        const app = requiredApp(context);
        return context.page(app.revisions.map((revision) => renderRevision(app, revision, context.clock.now())));
      },
    },
    {
      method: 'GET',
      path: `${appPath}/revisions/{revisionName}`,
      action: `${type}/revisions/read`,
      apiVersions,
      run: (context) => {
        const app = requiredApp(context);
        return { status: 200, json: renderRevision(app, requiredRevision(app, context), context.clock.now()) };
      },
    },
    {
      method: 'POST',
      path: `${appPath}/revisions/{revisionName}/restart`,
      action: `${type}/revisions/restart/action`,
      apiVersions,
      run: (context) => {
        const app = requiredApp(context);
        const revision = requiredRevision(app, context);
        revision.secrets = secretValues(app);
        revision.restarts += 1;
        return { status: 200, json: 'Restart requested' };
      },
    },
    {
      method: 'GET',
      path: `${locationPath}/containerappOperationStatuses/{operationId}`,
      action: 'Microsoft.App/locations/containerappOperationStatuses/read',
      apiVersions,
      query: ['azureasyncoperation'],
      run: (context) => {
        const { operation } = requiredOperation(context);
        const { subscriptionId, location, operationId } = context.params;
        const path = `/subscriptions/${subscriptionId}/providers/Microsoft.App/locations/${location}/containerappOperationStatuses/${operationId}`;
        return { status: 200, json: renderOperation(operation, { path, now: context.clock.now() }) };
      },
    },
    {
      method: 'GET',
      path: `${locationPath}/containerappOperationResults/{operationId}`,
      action: 'Microsoft.App/locations/containerappOperationResults/read',
      apiVersions,
      run: (context) => resultOf(context, requiredOperation(context)),
    },
  ];
}

/** [U] how the result of a failed PATCH looks: its error, as a refusal. */
function resultOf(context: ArmContext, { app, operation }: { readonly app: ContainerApp; readonly operation: RunningOperation }): Answer {
  const now = context.clock.now();
  switch (statusOfOperation(operation, now)) {
    case 'InProgress':
      return { status: 202, headers: { Location: operationUrl(context, operation, 'containerappOperationResults') } };
    case 'Succeeded':
      return { status: 200, json: renderContainerApp(app, context.world, now) };
    case 'Failed':
      return { status: 400, json: { error: operation.failure } };
  }
}

function emptyApp({ world, params }: ArmContext, { location, properties }: ResourceBody): ContainerApp {
  const { appName: name = '', subscriptionId, resourceGroup } = params;
  const groupId = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  const app = newContainerApp({ name, groupId, location: location ?? world.location, identity: noIdentity });
  app.revisions.length = 0;
  app.properties = { managedEnvironmentId: properties['managedEnvironmentId'] };
  return app;
}

function appIdOf({ subscriptionId, resourceGroup, appName }: ArmContext['params']): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${appName}`;
}

function findApp({ world, params }: ArmContext): ContainerApp | undefined {
  return world.hosts.containerApps.find(({ resourceId }) => isSameId(resourceId, appIdOf(params)));
}

function requiredApp(context: ArmContext): ContainerApp {
  const { appName = '', resourceGroup = '' } = context.params;
  const app = findApp(context);
  if (!app) throw armErrors.resourceNotFound(type, appName, resourceGroup);
  return app;
}

function requiredRevision(app: ContainerApp, { params }: ArmContext) {
  const { revisionName = '', resourceGroup = '' } = params;
  const revision = app.revisions.find(({ name }) => name === revisionName);
  if (!revision) throw armErrors.resourceNotFound(type, `${app.name}/revisions/${revisionName}`, resourceGroup);
  return revision;
}

function requiredOperation({ world, params }: ArmContext) {
  const { operationId = '' } = params;
  const found = world.hosts.containerApps.flatMap((app) =>
    app.operations.filter(({ id }) => id === operationId).map((operation) => ({ app, operation })),
  )[0];
  if (!found) throw armErrors.resourceNotFound('Microsoft.App/locations/containerappOperationStatuses', operationId, '');
  return found;
}

function operationUrl({ origin, apiVersion, world }: ArmContext, { id }: RunningOperation, kind: string): string {
  return `${origin}/subscriptions/${world.subscriptionId}/providers/Microsoft.App/locations/${world.location}/${kind}/${id}?api-version=${apiVersion}`;
}
