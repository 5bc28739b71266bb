import { armErrors } from './arm-error.ts';
import type { ArmOperation } from './arm-operation.ts';
import { flexibleServers } from './flexible-servers.ts';
import type { Administrator, Server, World } from './world.ts';

// as @azure/arm-mysql-flexible 4.0.0-beta.2 asks for them
const serverVersions = ['2023-12-30'];
const administratorVersions = ['2023-06-01-preview', '2023-12-30'];
const { type, path, serverOf, parentOf } = flexibleServers('Microsoft.DBforMySQL', 'MySQL');
/** The one that a server can have. */
const administratorName = 'ActiveDirectory';

/** The operations of Microsoft.DBforMySQL. */
export const mysqlOperations: readonly ArmOperation[] = [
  {
    method: 'GET',
    path,
    action: `${type}/read`,
    apiVersions: serverVersions,
    run: (context) => ({ status: 200, json: renderServer(serverOf(context), context.world) }),
  },
  {
    method: 'GET',
    path: `${path}/administrators`,
    action: `${type}/administrators/read`,
    apiVersions: administratorVersions,
    query: ['$skiptoken'],
    run: (context) => {
      const server = parentOf(context, 'administrators');
      return context.page(server.administrators.slice(0, 1).map((each) => renderAdministrator(server, each, context.world)));
    },
  },
  {
    method: 'GET',
    path: `${path}/administrators/{administratorName}`,
    action: `${type}/administrators/read`,
    apiVersions: administratorVersions,
    run: (context) => {
      const server = parentOf(context, 'administrators');
      const { serverName = '', resourceGroup = '', administratorName: asked = '' } = context.params;
      const [administrator] = server.administrators;
      if (!administrator || asked.toLowerCase() !== administratorName.toLowerCase())
        throw armErrors.resourceNotFound(type, `${serverName}/administrators/${asked}`, resourceGroup);
      return { status: 200, json: renderAdministrator(server, administrator, context.world) };
    },
  },
];

function renderServer(server: Server, { location }: World) {
  const { host, name, network, resourceId, state } = server;
  return {
    id: resourceId,
    name,
    type,
    location,
    tags: {},
    sku: { name: 'Standard_D2ads_v5', tier: 'GeneralPurpose' },
    systemData: { createdAt: '2026-01-01T00:00:00.0000000Z' },
    properties: {
      administratorLogin: server.administratorLogin ?? 'mysqladmin',
      availabilityZone: '1',
      backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled', earliestRestoreDate: '2026-01-01T00:10:00.0000000+00:00' },
      dataEncryption: { type: 'SystemManaged' },
      fullyQualifiedDomainName: host,
      highAvailability: { mode: 'Disabled', state: 'NotEnabled', standbyAvailabilityZone: '' },
      maintenanceWindow: { customWindow: 'Disabled', dayOfWeek: 0, startHour: 0, startMinute: 0 },
      network,
      privateEndpointConnections: [],
      replicaCapacity: 10,
      replicationRole: 'None',
      state,
      storage: {
        autoGrow: 'Enabled',
        autoIoScaling: 'Enabled',
        iops: 400,
        logOnDisk: 'Disabled',
        storageSizeGB: 32,
        storageSku: 'Premium_LRS',
      },
      version: server.version ?? '8.0.21',
    },
  };
}

/** [U] What Azure shows as `sid` of a service principal, its object id or its client id; tried with the first. */
function renderAdministrator({ resourceId }: Server, { objectId, principalName }: Administrator, { tenantId }: World) {
  const identityResourceId = resourceId.replace(
    /\/providers\/.*$/,
    '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mysql-reads-entra',
  );
  return {
    id: `${resourceId}/administrators/${administratorName}`,
    name: administratorName,
    type: `${type}/administrators`,
    properties: { administratorType: administratorName, login: principalName, sid: objectId, tenantId, identityResourceId },
  };
}
