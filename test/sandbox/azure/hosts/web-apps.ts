import { armErrors } from '../arm-error.ts';
import type { ArmContext, ArmOperation } from '../arm-operation.ts';
import type { Answer } from '../service.ts';
import type { World } from '../world.ts';
import { changedIdentity, isSameId, renderIdentity } from './host-identity.ts';
import { isObject, type JsonObject, mergePatch, objectIn } from './json.ts';
import { checkLocation, locationAsShown, readResource } from './resource-body.ts';
import type { WebApp } from './web-app.ts';

/** That of @azure/arm-appservice 19.0.0, and an older one. */
const apiVersions = ['2025-05-01', '2025-03-01'];
const sites = 'Microsoft.Web/sites';
const sitePath = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${sites}/{siteName}`;

/** The operations of Microsoft.Web: the same ones for apps and for slots, each with actions of its own. */
export function webAppOperations({ newId }: { readonly newId: () => string }): readonly ArmOperation[] {
  return [...operationsAt(sitePath, sites, newId), ...operationsAt(`${sitePath}/slots/{slotName}`, `${sites}/slots`, newId)];
}

function operationsAt(path: string, type: string, newId: () => string): readonly ArmOperation[] {
  return [
    {
      method: 'GET',
      path,
      action: `${type}/read`,
      apiVersions,
      run: (context) => ({ status: 200, json: renderWebApp(requiredApp(context), type, context.world) }),
    },
    {
      method: 'PATCH',
      path,
      action: `${type}/write`,
      apiVersions,
      run: (context) => {
        const app = requiredApp(context);
        if (app.runningOperation !== undefined) return conflict(app, newId());
        const { tags, identity, properties, location } = readResource(context.body);
        checkLocation(app, location);
        const change = { resourceId: app.resourceId, method: 'PATCH', newId } as const;
        if (identity !== undefined) app.identity = changedIdentity(app.identity, identity, context, change);
        // [U] whether tags of a PATCH are merged: the careful caller sends all of them
        if (tags) app.tags = mergePatch({}, tags) as WebApp['tags'];
        app.properties = mergePatch(app.properties, properties) as JsonObject;
        return { status: 200, json: renderWebApp(app, type, context.world) };
      },
    },
    {
      method: 'POST',
      path: `${path}/config/appsettings/list`,
      action: `${type}/config/list/action`,
      apiVersions,
      run: (context) => ({ status: 200, json: renderSettings(requiredApp(context), type) }),
    },
    {
      method: 'PUT',
      path: `${path}/config/appsettings`,
      action: `${type}/config/write`,
      apiVersions,
      run: (context) => {
        const app = requiredApp(context);
        if (app.runningOperation !== undefined) return conflict(app, newId());
        app.appSettings = readSettings(context.body);
        app.restarts += 1;
        return { status: 200, json: renderSettings(app, type) };
      },
    },
  ];
}

function requiredApp({ world, params }: ArmContext): WebApp {
  const { subscriptionId, resourceGroup = '', siteName = '', slotName } = params;
  const place = slotName === undefined ? '' : `/slots/${slotName}`;
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${sites}/${siteName}${place}`;
  const app = world.hosts.webApps.find(({ resourceId }) => isSameId(resourceId, id));
  if (!app) throw armErrors.resourceNotFound(sites, `${siteName}${place}`, resourceGroup);
  return app;
}

/** Throws ArmError 400 for anything but texts by name. */
function readSettings(body: unknown): Readonly<Record<string, string>> {
  const settings = objectIn(body, 'properties');
  if (!isObject(body) || !isObject(body['properties'])) throw armErrors.contentInvalid('properties must be an object');
  const wrong = Object.entries(settings).find(([, value]) => typeof value !== 'string');
  if (wrong) throw armErrors.contentInvalid(`the value of '${wrong[0]}' must be a text`);
  return { ...settings } as Readonly<Record<string, string>>;
}

/** In App Service's own shape, which is not Azure Resource Manager's: https://github.com/Azure/azure-functions-on-container-apps/issues/53 */
function conflict({ runningOperation }: WebApp, id: string): Answer {
  const text = `Cannot modify this site because another operation is in progress. Details: Id: ${id}, OperationName: ${runningOperation}, EntityType: 3`;
  return {
    status: 409,
    json: { Code: 'Conflict', Message: text, Target: null, Details: [{ Message: text }, { Code: 'Conflict' }], Innererror: null },
  };
}

function renderWebApp(app: WebApp, type: string, world: World): JsonObject {
  const identity = renderIdentity(app.identity, world, (resourceId) => resourceId);
  return {
    id: app.resourceId,
    name: app.name,
    type,
    kind: app.kind,
    location: locationAsShown(app.location),
    tags: app.tags,
    properties: {
      ...app.properties,
      resourceGroup: app.resourceId.split('/')[4],
      // the settings themselves are only told by their own operation
      siteConfig: { appSettings: null, connectionStrings: null, numberOfWorkers: 1, linuxFxVersion: 'NODE|24-lts' },
    },
    ...(identity && { identity }),
  };
}

function renderSettings({ resourceId, location, appSettings }: WebApp, type: string): JsonObject {
  return {
    id: `${resourceId}/config/appsettings`,
    name: 'appsettings',
    type: `${type}/config`,
    location: locationAsShown(location),
    properties: appSettings,
  };
}
