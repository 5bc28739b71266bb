import { ArmError, armErrors } from './arm-error.ts';
import type { ArmContext, ArmOperation } from './arm-operation.ts';
import { firewallRuleOperations } from './firewall-rules.ts';
import { flexibleServers } from './flexible-servers.ts';
import { isSameId } from './hosts/host-identity.ts';
import { isObject, objectIn } from './hosts/json.ts';
import { beginOperation, pollOperations, type ServerWrites } from './server-operation.ts';
import type { Administrator, Server, World } from './world.ts';

// as @azure/arm-mysql-flexible 4.0.0-beta.2 asks for them
const serverVersions = ['2023-12-30'];
const provider = 'Microsoft.DBforMySQL';
const administratorVersions = ['2023-06-01-preview', '2023-12-30'];
const { type, path, serverOf, parentOf } = flexibleServers(provider, 'MySQL');
/** The one that a server can have. */
const administratorName = 'ActiveDirectory';

/** The operations of Microsoft.DBforMySQL. */
export function mysqlOperations({ writeMs }: ServerWrites): readonly ArmOperation[] {
  const administratorWrites = { provider, kind: 'administratorAzureAsyncOperation', writeMs } as const;
  const serverWrites = { provider, kind: 'azureAsyncOperation', writeMs } as const;
  return [
    ...readOperations,
    ...pollOperations(provider, ['azureAsyncOperation', 'administratorAzureAsyncOperation'], [...serverVersions, ...administratorVersions]),
    ...firewallRuleOperations({
      type,
      path,
      apiVersions: administratorVersions,
      serverOf: parentOf,
      change: (context, server, change) => beginOperation(context, server, serverWrites, change),
    }),
    {
      method: 'PATCH',
      path,
      action: `${type}/write`,
      apiVersions: serverVersions,
      run: (context) => {
        const server = serverOf(context);
        const wanted = readIdentities(context);
        for (const id of wanted)
          if (!isAssigned(server, id)) context.demandLinked('Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', id);
        return beginOperation(context, server, serverWrites, () => {
          server.identityIds = wanted;
        });
      },
    },
    {
      method: 'PUT',
      path: `${path}/administrators/{administratorName}`,
      action: `${type}/administrators/write`,
      apiVersions: administratorVersions,
      run: (context) => {
        const server = parentOf(context, 'administrators');
        const wanted = readAdministrator(context, server);
        return beginOperation(context, server, administratorWrites, () => replaceAdministrator(server, wanted));
      },
    },
  ];
}

const readOperations: readonly ArmOperation[] = [
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

/** Of a PATCH no more than what the operator changes. Throws ArmError. */
function readIdentities({ body, world }: ArmContext): readonly string[] {
  const { type: kind, userAssignedIdentities } = objectIn(body, 'identity');
  if (kind !== 'UserAssigned' || !isObject(userAssignedIdentities))
    throw new ArmError(400, 'InvalidParameterValue', 'Invalid value given for parameter identity. Specify a valid parameter value.');
  const ids = Object.keys(userAssignedIdentities);
  const missing = ids.find((id) => !world.identities.some((each) => isSameId(each.resourceId, id)));
  if (missing !== undefined)
    throw new ArmError(
      400,
      'FailedIdentityOperation',
      `Identity operation for resource failed with error 'Failed to perform resource identity operation. Status: 'NotFound'. Resource '${missing}' was not found.'`,
    );
  return ids;
}

function isAssigned({ identityIds = [] }: Server, id: string): boolean {
  return identityIds.some((each) => isSameId(each, id));
}

/** https://learn.microsoft.com/azure/mysql/flexible-server/how-to-azure-ad: the identity must be the server's own before. */
function readAdministrator({ body, params, world }: ArmContext, server: Server): Administrator {
  const { administratorType, login, sid, tenantId, identityResourceId } = objectIn(body, 'properties');
  const invalid = (name: string) =>
    new ArmError(400, 'InvalidParameterValue', `Invalid value given for parameter ${name}. Specify a valid parameter value.`);
  if (params['administratorName'] !== administratorName || administratorType !== administratorName) throw invalid('administratorType');
  if (typeof login !== 'string' || login === '') throw invalid('login');
  if (typeof sid !== 'string' || tenantId !== world.tenantId) throw invalid('sid');
  if (typeof identityResourceId !== 'string' || !isAssigned(server, identityResourceId)) throw invalid('identityResourceId');
  const isApplication = [...world.identities, ...world.servicePrincipals].some(({ clientId, principalId }) =>
    [clientId, principalId].includes(sid),
  );
  return { objectId: sid, principalName: login, principalType: isApplication ? 'ServicePrincipal' : 'Unknown' };
}

/** Whoever is administrator is so no longer. */
async function replaceAdministrator(server: Server, wanted: Administrator): Promise<void> {
  server.administrators.splice(0, server.administrators.length, wanted);
  await server.administratorsChanged?.();
}

/** Azure sends a part of each id in lower case: https://github.com/Azure/azure-cli/issues/33837 */
function renderIdentity({ identityIds = [] }: Server, { identities }: World) {
  if (identityIds.length === 0) return {};
  const assigned = identityIds.map((id) => {
    const found = identities.find((each) => isSameId(each.resourceId, id));
    return [id.replace('/resourceGroups/', '/resourcegroups/'), { principalId: found?.principalId, clientId: found?.clientId }];
  });
  return { identity: { type: 'UserAssigned', userAssignedIdentities: Object.fromEntries(assigned) } };
}

function renderServer(server: Server, world: World) {
  const { location } = world;
  const { host, name, network, resourceId, state } = server;
  return {
    id: resourceId,
    name,
    type,
    location,
    tags: {},
    ...renderIdentity(server, world),
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
function renderAdministrator({ resourceId, identityIds = [] }: Server, { objectId, principalName }: Administrator, { tenantId }: World) {
  const [
    identityResourceId = `${resourceId.replace(/\/providers\/.*$/, '')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gone`,
  ] = identityIds;
  return {
    id: `${resourceId}/administrators/${administratorName}`,
    name: administratorName,
    type: `${type}/administrators`,
    properties: { administratorType: administratorName, login: principalName, sid: objectId, tenantId, identityResourceId },
  };
}
