import type { TargetType } from '../../src/api/spec.ts';

/** One variable of the environment that a live run is told by. */
export interface Variable {
  readonly name: string;
  readonly what: string;
  /** How one comes by it. */
  readonly from: string;
  /** Only of use to the suite of one engine; to all when left out. */
  readonly of?: TargetType;
}

/** In the order in which they are asked for. */
export const variables: readonly Variable[] = [
  {
    name: 'AZURE_TENANT_ID',
    what: 'the Entra tenant of the servers',
    from: 'az account show --query tenantId',
  },
  {
    name: 'AZURE_CLIENT_ID',
    what: 'the client id of the application that stands for the operator',
    from: 'az ad sp create-for-rbac --name dbaccess-live-operator (appId); make it the Entra administrator of each server, and give it Reader on them',
  },
  {
    name: 'AZURE_CLIENT_SECRET',
    what: 'its secret; or AZURE_FEDERATED_TOKEN_FILE, the path of a token that is federated with it',
    from: 'the same command (password)',
  },
  {
    name: 'LIVE_FIRST_CLIENT_ID',
    what: 'the client id of the application that stands for a workload',
    from: 'az ad sp create-for-rbac --name dbaccess-live-first (appId); it needs no role',
  },
  { name: 'LIVE_FIRST_CLIENT_SECRET', what: 'its secret', from: 'the same command (password)' },
  {
    name: 'LIVE_SECOND_CLIENT_ID',
    what: 'the client id of the application that stands for another workload',
    from: 'az ad sp create-for-rbac --name dbaccess-live-second (appId); it needs no role',
  },
  { name: 'LIVE_SECOND_CLIENT_SECRET', what: 'its secret', from: 'the same command (password)' },
  {
    name: 'LIVE_POSTGRESQL_SERVER_ID',
    what: 'the resource id of a PostgreSQL Flexible Server that nobody else uses',
    from: 'az postgres flexible-server show --query id',
    of: 'PostgreSQL',
  },
  {
    name: 'LIVE_MYSQL_SERVER_ID',
    what: 'the resource id of a MySQL Flexible Server that nobody else uses',
    from: 'az mysql flexible-server show --query id',
    of: 'MySQL',
  },
  {
    name: 'LIVE_AZURESQL_SERVER_ID',
    what: 'the resource id of a logical server of Azure SQL',
    from: 'az sql server show --query id',
    of: 'AzureSQL',
  },
  {
    name: 'LIVE_AZURESQL_DATABASE',
    what: 'the name of an empty database there that nobody else uses',
    from: 'az sql db create --edition Basic',
    of: 'AzureSQL',
  },
];
