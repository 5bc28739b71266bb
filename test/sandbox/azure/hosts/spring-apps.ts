import { ArmError, armErrors } from '../arm-error.ts';
import type { ArmContext, ArmOperation } from '../arm-operation.ts';
import type { Answer } from '../service.ts';
import { changedIdentity, isSameId } from './host-identity.ts';
import { isObject, type JsonObject, mergePatch, objectIn, without } from './json.ts';
import { readResource } from './resource-body.ts';
import { type RunningOperation, renderOperation, statusOfNewest, statusOfOperation } from './running-operation.ts';
import type { SpringApp, SpringDeployment } from './spring-app.ts';
import { renderSpringApp, renderSpringDeployment } from './spring-app-answer.ts';

/** That of @azure/arm-appplatform 2.0.0, which knows no user-assigned identities, and the service's last one. */
const apiVersions = ['2022-04-01', '2023-12-01'];
const apps = 'Microsoft.AppPlatform/Spring/apps';
const deployments = `${apps}/deployments`;
const appPath =
  '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/Microsoft.AppPlatform/Spring/{serviceName}/apps/{appName}';
const locationPath = '/subscriptions/{subscriptionId}/providers/Microsoft.AppPlatform/locations/{location}';

export interface SpringAppsOptions {
  /** How long a write takes, and so how long it shuts out others. */
  readonly writeMs: number;
  readonly newId: () => string;
}

/** The operations of Microsoft.AppPlatform. Writes are answered 202 with Azure-AsyncOperation and Location. */
export function springAppOperations({ writeMs, newId }: SpringAppsOptions): readonly ArmOperation[] {
  /** Makes the change and says where its end can be read. */
  const begin = (context: ArmContext, written: { readonly operations: RunningOperation[] }, change: () => void): Answer => {
    const now = context.clock.now();
    if (statusOfNewest(written.operations, now) === 'InProgress') {
      // [U] the service's own code
      throw new ArmError(409, 'Conflict', 'The resource is being updated by another operation. Try again when that has ended.');
    }
    change();
    const operation = { id: newId(), startedAt: now, endsAt: now + writeMs };
    written.operations.push(operation);
    const { origin, world, params, apiVersion } = context;
    const base = `${origin}/subscriptions/${world.subscriptionId}/providers/Microsoft.AppPlatform/locations/${world.location}`;
    const { serviceName } = params;
    return {
      status: 202,
      headers: {
        'Azure-AsyncOperation': `${base}/operationStatus/${serviceName}/operationId/${operation.id}?api-version=${apiVersion}`,
        Location: `${base}/operationResults/${operation.id}/Spring/${serviceName}?api-version=${apiVersion}`,
      },
    };
  };

  return [
    {
      method: 'GET',
      path: appPath,
      action: `${apps}/read`,
      apiVersions,
      query: ['syncstatus'],
      run: (context) => ({ status: 200, json: renderSpringApp(requiredApp(context), context) }),
    },
    {
      method: 'PATCH',
      path: appPath,
      action: `${apps}/write`,
      apiVersions,
      run: (context) => {
        const app = requiredApp(context);
        const { identity } = readResource(context.body);
        const change = { resourceId: app.resourceId, method: 'PATCH', newId } as const;
        const changed = identity === undefined ? app.identity : changedIdentity(app.identity, identity, context, change);
        return begin(context, app, () => {
          app.identity = changed;
        });
      },
    },
    {
      method: 'GET',
      path: `${appPath}/deployments`,
      action: `${deployments}/read`,
      apiVersions,
      query: ['$skiptoken', 'version'],
      run: (context) => {
        const app = requiredApp(context);
        return context.page(app.deployments.map((each) => renderSpringDeployment(app, each, context)));
      },
    },
    {
      method: 'GET',
      path: `${appPath}/deployments/{deploymentName}`,
      action: `${deployments}/read`,
      apiVersions,
      run: (context) => {
        const app = requiredApp(context);
        return { status: 200, json: renderSpringDeployment(app, requiredDeployment(app, context), context) };
      },
    },
    {
      method: 'PATCH',
      path: `${appPath}/deployments/{deploymentName}`,
      action: `${deployments}/write`,
      apiVersions,
      run: (context) => {
        const deployment = requiredDeployment(requiredApp(context), context);
        const settings = objectIn(readResource(context.body).properties, 'deploymentSettings');
        const variables = readVariables(settings);
        return begin(context, deployment, () => {
          deployment.settings = mergePatch(deployment.settings, without(settings, ['environmentVariables'])) as JsonObject;
          // replaced as a whole: azure-facts 4.6 says to send all
          if (variables) deployment.environmentVariables = variables;
          deployment.restarts += 1;
        });
      },
    },
    {
      method: 'GET',
      path: `${locationPath}/operationStatus/{serviceName}/operationId/{operationId}`,
      action: 'Microsoft.AppPlatform/locations/operationStatus/operationId/read',
      apiVersions,
      run: (context) => {
        const { operation } = requiredOperation(context);
        const { subscriptionId, location, serviceName, operationId } = context.params;
        const path = `/subscriptions/${subscriptionId}/providers/Microsoft.AppPlatform/locations/${location}/operationStatus/${serviceName}/operationId/${operationId}`;
        return { status: 200, json: renderOperation(operation, { path, now: context.clock.now() }) };
      },
    },
    {
      method: 'GET',
      path: `${locationPath}/operationResults/{operationId}/Spring/{serviceName}`,
      action: 'Microsoft.AppPlatform/locations/operationResults/Spring/read',
      apiVersions,
      run: (context) => {
        const { operation, render } = requiredOperation(context);
        return statusOfOperation(operation, context.clock.now()) === 'InProgress' ? { status: 202 } : { status: 200, json: render() };
      },
    },
  ];
}

function requiredApp({ world, params }: ArmContext): SpringApp {
  const { subscriptionId, resourceGroup = '', serviceName = '', appName = '' } = params;
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.AppPlatform/Spring/${serviceName}/apps/${appName}`;
  const app = world.hosts.springApps.find(({ resourceId }) => isSameId(resourceId, id));
  if (!app) throw armErrors.resourceNotFound('Microsoft.AppPlatform/Spring', `${serviceName}/apps/${appName}`, resourceGroup);
  return app;
}

function requiredDeployment(app: SpringApp, { params }: ArmContext): SpringDeployment {
  const { resourceGroup = '', serviceName = '', deploymentName = '' } = params;
  const found = app.deployments.find(({ name }) => name.toLowerCase() === deploymentName.toLowerCase());
  if (found) return found;
  throw armErrors.resourceNotFound(
    'Microsoft.AppPlatform/Spring',
    `${serviceName}/apps/${app.name}/deployments/${deploymentName}`,
    resourceGroup,
  );
}

function requiredOperation(context: ArmContext): { readonly operation: RunningOperation; readonly render: () => JsonObject } {
  const { operationId = '' } = context.params;
  const written = context.world.hosts.springApps.flatMap((app) => [
    { operations: app.operations, render: () => renderSpringApp(app, context) },
    ...app.deployments.map((each) => ({ operations: each.operations, render: () => renderSpringDeployment(app, each, context) })),
  ]);
  const found = written.flatMap(({ operations, render }) =>
    operations.filter(({ id }) => id === operationId).map((operation) => ({ operation, render })),
  )[0];
  if (!found) throw armErrors.resourceNotFound('Microsoft.AppPlatform/locations/operationStatus', operationId, '');
  return found;
}

/** Throws ArmError 400 for anything but texts by name. */
function readVariables(settings: JsonObject): Readonly<Record<string, string>> | undefined {
  const sent = settings['environmentVariables'];
  if (sent === undefined) return undefined;
  if (!isObject(sent) || !Object.values(sent).every((value) => typeof value === 'string'))
    throw armErrors.contentInvalid('environmentVariables must be texts by name');
  return { ...sent } as Readonly<Record<string, string>>;
}
