import { armErrors } from './arm-error.ts';
import type { ArmOperation } from './arm-operation.ts';
import { flexibleServers } from './flexible-servers.ts';
import type { Administrator, Server, World } from './world.ts';

const apiVersions = ['2025-08-01'];
const { type, path, serverOf, parentOf } = flexibleServers('Microsoft.DBforPostgreSQL', 'PostgreSQL');

/** Databases that every flexible server has: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-servers */
const systemDatabases = ['azure_maintenance', 'postgres', 'azure_sys'];

/** The operations of Microsoft.DBforPostgreSQL. */
export const postgresOperations: readonly ArmOperation[] = [
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
