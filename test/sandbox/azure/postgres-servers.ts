import { ArmError, armErrors } from './arm-error.ts';
import type { ArmOperation } from './arm-operation.ts';
import { firewallRuleOperations } from './firewall-rules.ts';
import { flexibleServers } from './flexible-servers.ts';
import { objectIn } from './hosts/json.ts';
import { beginOperation, OperationFailure, pollOperations, type ServerWrites } from './server-operation.ts';
import type { Administrator, Server, World } from './world.ts';

const apiVersions = ['2025-08-01'];
const provider = 'Microsoft.DBforPostgreSQL';
const { type, path, serverOf, parentOf } = flexibleServers(provider, 'PostgreSQL');

/** Databases that every flexible server has: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-servers */
const systemDatabases = ['azure_maintenance', 'postgres', 'azure_sys'];

/** The operations of Microsoft.DBforPostgreSQL. */
export function postgresOperations({ writeMs }: ServerWrites): readonly ArmOperation[] {
  const administratorWrites = { provider, kind: 'administratorAzureAsyncOperation', writeMs } as const;
  const serverWrites = { provider, kind: 'azureAsyncOperation', writeMs } as const;
  return [
    ...readOperations,
    ...pollOperations(provider, ['azureAsyncOperation', 'administratorAzureAsyncOperation'], apiVersions),
    ...firewallRuleOperations({
      type,
      path,
      apiVersions,
      serverOf: parentOf,
      change: (context, server, change) => beginOperation(context, server, serverWrites, change),
    }),
    {
      method: 'PATCH',
      path,
      action: `${type}/write`,
      apiVersions,
      run: (context) => {
        const server = serverOf(context);
        const wanted = readAuthConfig(context.body, context.world);
        return beginOperation(context, server, serverWrites, () => changeAuthConfig(server, wanted));
      },
    },
    {
      method: 'GET',
      path: `${path}/administrators/{objectId}`,
      action: `${type}/administrators/read`,
      apiVersions,
      run: (context) => {
        const server = parentOf(context, 'administrators');
        const { objectId = '', serverName = '', resourceGroup = '' } = context.params;
        const found = server.administrators.find((each) => each.objectId.toLowerCase() === objectId.toLowerCase());
        if (!found) throw armErrors.resourceNotFound(type, `${serverName}/administrators/${objectId}`, resourceGroup);
        return { status: 200, json: renderAdministrator(server, found, context.world) };
      },
    },
    {
      method: 'PUT',
      path: `${path}/administrators/{objectId}`,
      action: `${type}/administrators/write`,
      apiVersions,
      run: (context) => {
        const server = parentOf(context, 'administrators');
        const wanted = readAdministrator(context.body, context.params['objectId'] ?? '');
        return beginOperation(context, server, administratorWrites, () => addAdministrator(server, wanted));
      },
    },
  ];
}

const readOperations: readonly ArmOperation[] = [
  {
    method: 'GET',
    path,
    action: `${type}/read`,
    apiVersions,
    run: (context) => ({ status: 200, json: renderServer(serverOf(context), context.world) }),
  },
  {
    method: 'GET',
    path: `${path}/administrators`,
    action: `${type}/administrators/read`,
    apiVersions,
    query: ['$skiptoken'],
    run: (context) => {
      const server = parentOf(context, 'administrators');
      return context.page(server.administrators.map((each) => renderAdministrator(server, each, context.world)));
    },
  },
  {
    method: 'GET',
    path: `${path}/databases`,
    action: `${type}/databases/read`,
    apiVersions,
    query: ['$skiptoken'],
    run: (context) => {
      const server = parentOf(context, 'databases');
      return context.page(databasesOf(server).map((name) => renderDatabase(server, name)));
    },
  },
  {
    method: 'GET',
    path: `${path}/databases/{databaseName}`,
    action: `${type}/databases/read`,
    apiVersions,
    run: (context) => {
      const server = parentOf(context, 'databases');
      const { serverName = '', databaseName = '', resourceGroup = '' } = context.params;
      // PostgreSQL tells `Orders` from `orders`, unlike Azure's names.
      const name = databasesOf(server).find((each) => each === databaseName);
      if (name === undefined) throw armErrors.resourceNotFound(type, `${serverName}/databases/${databaseName}`, resourceGroup);
      return { status: 200, json: renderDatabase(server, name) };
    },
  },
];

/** Of a PATCH no more than what the operator changes: the rest of the model is refused. */
function readAuthConfig(body: unknown, { tenantId }: World): Server['authConfig'] {
  const authConfig = objectIn(objectIn(body, 'properties'), 'authConfig');
  const { activeDirectoryAuth, passwordAuth, tenantId: tenant } = authConfig;
  if (!isSwitch(activeDirectoryAuth) || !isSwitch(passwordAuth))
    throw new ArmError(400, 'InvalidParameterValue', 'Invalid value given for parameter authConfig. Specify a valid parameter value.');
  if (activeDirectoryAuth === 'Enabled' && tenant !== tenantId)
    throw new ArmError(400, 'InvalidParameterValue', 'Invalid value given for parameter tenantId. Specify a valid parameter value.');
  return { activeDirectoryAuth, passwordAuth };
}

function isSwitch(value: unknown): value is 'Enabled' | 'Disabled' {
  return value === 'Enabled' || value === 'Disabled';
}

/** The extension is loaded with a restart: azure-facts 1.6. */
async function changeAuthConfig(server: Server, wanted: Server['authConfig']): Promise<void> {
  const restarts = server.authConfig.activeDirectoryAuth !== wanted.activeDirectoryAuth;
  server.authConfig = wanted;
  if (restarts) await server.restart?.();
}

function readAdministrator(body: unknown, objectId: string): Administrator {
  const { principalType, principalName } = objectIn(body, 'properties');
  const types: readonly unknown[] = ['User', 'Group', 'ServicePrincipal', 'Unknown'];
  if (typeof principalName !== 'string' || principalName === '' || !types.includes(principalType))
    throw new ArmError(400, 'InvalidParameterValue', 'Invalid value given for parameter principalName. Specify a valid parameter value.');
  return { objectId: objectId.toLowerCase(), principalName, principalType: principalType as Administrator['principalType'] };
}

/** An administrator can be added but once, and only under a name that no role has: https://github.com/Azure/ARO-HCP/issues/5833 */
async function addAdministrator(server: Server, wanted: Administrator): Promise<void> {
  if (server.authConfig.activeDirectoryAuth === 'Disabled')
    throw new OperationFailure('AadAuthNotEnabled', 'Microsoft Entra authentication is not enabled on the server.');
  if (server.administrators.some(({ objectId }) => objectId.toLowerCase() === wanted.objectId))
    throw new OperationFailure(
      'AadAuthPrincipalCreationFailed',
      "Updating an existing principal isn't supported. Drop and recreate the Microsoft Entra principal.",
    );
  server.administrators.push(wanted);
  try {
    await server.administratorsChanged?.();
  } catch (error) {
    server.administrators.splice(server.administrators.indexOf(wanted), 1);
    const { code = '', message } = error as Error & { readonly code?: string };
    throw new OperationFailure(
      'AadAuthPrincipalCreationFailed',
      `Failed to create Microsoft Entra principal. Reason: '${code}: ${message}'.`,
    );
  }
}

function databasesOf({ databases }: Server): readonly string[] {
  return [...new Set([...systemDatabases, ...databases])];
}

function renderServer(server: Server, { location, tenantId }: World) {
  const { authConfig, host, name, network, resourceId, state } = server;
  return {
    id: resourceId,
    name,
    type,
    location,
    tags: {},
    sku: { name: 'Standard_D2ds_v5', tier: 'GeneralPurpose' },
    systemData: { createdAt: '2026-01-01T00:00:00.0000000Z' },
    properties: {
      administratorLogin: server.administratorLogin ?? 'pgadmin',
      authConfig: { ...authConfig, ...(authConfig.activeDirectoryAuth === 'Enabled' && { tenantId }) },
      availabilityZone: '1',
      backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled', earliestRestoreDate: '2026-01-01T00:10:00.0000000+00:00' },
      dataEncryption: { type: 'SystemManaged' },
      fullyQualifiedDomainName: host,
      highAvailability: { mode: 'Disabled', state: 'NotEnabled' },
      maintenanceWindow: { customWindow: 'Disabled', dayOfWeek: 0, startHour: 0, startMinute: 0 },
      minorVersion: '1',
      network,
      privateEndpointConnections: [],
      replica: { capacity: 5, role: 'Primary' },
      replicaCapacity: 5,
      replicationRole: 'Primary',
      state,
      storage: { autoGrow: 'Disabled', iops: 120, storageSizeGB: 32, tier: 'P4', type: '' },
      version: server.version ?? '18',
    },
  };
}

function renderAdministrator({ resourceId }: Server, { objectId, principalName, principalType }: Administrator, { tenantId }: World) {
  return {
    id: `${resourceId}/administrators/${objectId}`,
    name: objectId,
    type: `${type}/administrators`,
    properties: { objectId, principalName, principalType, tenantId },
  };
}

function renderDatabase({ resourceId }: Server, name: string) {
  return {
    id: `${resourceId}/databases/${name}`,
    name,
    type: `${type}/databases`,
    properties: { charset: 'UTF8', collation: 'en_US.utf8' },
  };
}
