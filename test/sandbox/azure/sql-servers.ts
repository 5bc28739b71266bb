import { ArmError, armErrors } from './arm-error.ts';
import type { ArmContext, ArmOperation } from './arm-operation.ts';
import { firewallRuleOperations } from './firewall-rules.ts';
import { objectIn } from './hosts/json.ts';
import { beginOperation, pollOperations, type ServerWrites } from './server-operation.ts';
import type { Administrator, Server, World } from './world.ts';

// as @azure/arm-sql 10 asks for them
const serverVersions = ['2022-08-01-preview'];
const administratorVersions = ['2020-11-01-preview', '2022-08-01-preview'];
const provider = 'Microsoft.Sql';
const type = `${provider}/servers`;
const path = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${type}/{serverName}`;
/** The one that a server can have. */
const administratorName = 'ActiveDirectory';

/** The operations of Microsoft.Sql. Firewall rules change at once, the administrator behind the answer: azure-facts 3.7. */
export function sqlOperations({ writeMs }: ServerWrites): readonly ArmOperation[] {
  const kind = 'serverAdministratorAzureAsyncOperation';
  return [
    ...readOperations,
    ...pollOperations(provider, [kind, 'serverAdministratorOperationResults'], administratorVersions),
    ...firewallRuleOperations({
      type,
      path,
      apiVersions: administratorVersions,
      serverOf: parentOf,
      change: (_context, _server, change) => {
        change();
        return { status: 200, json: {} };
      },
    }),
    {
      method: 'PUT',
      path: `${path}/administrators/{administratorName}`,
      action: `${type}/administrators/write`,
      apiVersions: administratorVersions,
      run: (context) => {
        const server = parentOf(context, 'administrators');
        const wanted = readAdministrator(context);
        const change = async () => {
          // whoever is administrator is so no longer
          server.administrators.splice(0, server.administrators.length, wanted);
          await server.administratorsChanged?.();
        };
        return beginOperation(context, server, { provider, kind, writeMs }, change);
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
    query: ['$expand'],
    run: (context) => {
      const server = find(context);
      if (!server) throw armErrors.resourceNotFound(type, context.params['serverName'] ?? '', context.params['resourceGroup'] ?? '');
      return { status: 200, json: renderServer(server, context.world) };
    },
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
    path: `${path}/databases`,
    action: `${type}/databases/read`,
    apiVersions: serverVersions,
    query: ['$skiptoken'],
    run: (context) => {
      const server = parentOf(context, 'databases');
      return context.page(databasesOf(server).map((name) => renderDatabase(server, name, context.world)));
    },
  },
  {
    method: 'GET',
    path: `${path}/databases/{databaseName}`,
    action: `${type}/databases/read`,
    apiVersions: serverVersions,
    query: ['$expand', '$filter'],
    run: (context) => {
      const server = parentOf(context, 'databases');
      const { serverName = '', databaseName = '', resourceGroup = '' } = context.params;
      const name = databasesOf(server).find((each) => each.toLowerCase() === databaseName.toLowerCase());
      if (name === undefined) throw armErrors.resourceNotFound(type, `${serverName}/databases/${databaseName}`, resourceGroup);
      return { status: 200, json: renderDatabase(server, name, context.world) };
    },
  },
];

function idOf({ subscriptionId, resourceGroup, serverName }: ArmContext['params']): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${serverName}`;
}

function find({ world, params }: ArmContext): Server | undefined {
  const id = idOf(params).toLowerCase();
  return world.servers.find((each) => each.type === 'AzureSQL' && each.resourceId.toLowerCase() === id);
}

function parentOf(context: ArmContext, child: string): Server {
  const server = find(context);
  if (!server) throw armErrors.parentNotFound('read', `servers/${child}`, idOf(context.params));
  return server;
}

/** [U] Azure takes whatever id it is given for the administrator's. */
function readAdministrator({ body, params, world }: ArmContext): Administrator {
  const { administratorType, login, sid, tenantId } = objectIn(body, 'properties');
  const invalid = (name: string) =>
    new ArmError(400, 'InvalidParameterValue', `Invalid value given for parameter ${name}. Specify a valid parameter value.`);
  if (params['administratorName'] !== administratorName || administratorType !== administratorName) throw invalid('administratorType');
  if (typeof login !== 'string' || login === '') throw invalid('login');
  if (typeof sid !== 'string' || tenantId !== world.tenantId) throw invalid('sid');
  return { objectId: sid, principalName: login, principalType: 'Unknown' };
}

function databasesOf({ databases }: Server): readonly string[] {
  return ['master', ...databases];
}

function renderServer(server: Server, { location }: World) {
  const { host, name, network, resourceId, state } = server;
  return {
    id: resourceId,
    name,
    type,
    kind: 'v12.0',
    location,
    tags: {},
    properties: {
      administratorLogin: server.administratorLogin ?? 'sqladmin',
      version: '12.0',
      state,
      fullyQualifiedDomainName: host,
      privateEndpointConnections: [],
      minimalTlsVersion: '1.2',
      publicNetworkAccess: network.publicNetworkAccess,
      restrictOutboundNetworkAccess: 'Disabled',
      externalGovernanceStatus: 'Disabled',
    },
  };
}

function renderAdministrator({ resourceId }: Server, { objectId, principalName }: Administrator, { tenantId }: World) {
  return {
    id: `${resourceId}/administrators/${administratorName}`,
    name: administratorName,
    type: `${type}/administrators`,
    properties: { administratorType: administratorName, login: principalName, sid: objectId, tenantId, azureADOnlyAuthentication: false },
  };
}

function renderDatabase(server: Server, name: string, { location }: World) {
  const isSystem = name === 'master';
  return {
    id: `${server.resourceId}/databases/${name}`,
    name,
    type: `${type}/databases`,
    kind: isSystem ? 'v12.0,system' : 'v12.0,user,vcore,serverless',
    location,
    sku: isSystem
      ? { name: 'System', tier: 'System', capacity: 0 }
      : { name: 'GP_S_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 1 },
    properties: {
      collation: 'SQL_Latin1_General_CP1_CI_AS',
      status: (isSystem ? undefined : server.databaseStatus?.(name)) ?? 'Online',
      creationDate: '2026-01-01T00:00:00Z',
      catalogCollation: 'SQL_Latin1_General_CP1_CI_AS',
      zoneRedundant: false,
      ...(!isSystem && { autoPauseDelay: 60, minCapacity: 0.5 }),
    },
  };
}
