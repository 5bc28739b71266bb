import type { TargetType } from '../api/spec.ts';
import { isServerSuffix } from './host.ts';

/** The endpoints and names of one Azure cloud. Values: reference azure-facts 8.3 (azure-cli core/cloud.py, @azure/identity AzureAuthorityHosts). */
export interface Cloud {
  readonly name: 'public' | 'usgov' | 'china' | 'custom';
  readonly authority: string;
  readonly armEndpoint: string;
  readonly armScope: string;
  /** Scope of tokens for PostgreSQL and MySQL. */
  readonly ossrdbmsScope: string;
  readonly sqlScope: string;
  /** Where servers of each engine live: a DNS suffix with a leading dot or, in a custom cloud only, an IPv4 range such as 127.0.46.0/24. */
  readonly suffixes: Readonly<Record<TargetType, string>>;
}

export const clouds: Readonly<Record<'public' | 'usgov' | 'china', Cloud>> = {
  public: {
    name: 'public',
    authority: 'https://login.microsoftonline.com',
    armEndpoint: 'https://management.azure.com',
    armScope: 'https://management.azure.com/.default',
    ossrdbmsScope: 'https://ossrdbms-aad.database.windows.net/.default',
    sqlScope: 'https://database.windows.net/.default',
    suffixes: { PostgreSQL: '.postgres.database.azure.com', MySQL: '.mysql.database.azure.com', AzureSQL: '.database.windows.net' },
  },
  usgov: {
    name: 'usgov',
    authority: 'https://login.microsoftonline.us',
    armEndpoint: 'https://management.usgovcloudapi.net',
    armScope: 'https://management.usgovcloudapi.net/.default',
    ossrdbmsScope: 'https://ossrdbms-aad.database.usgovcloudapi.net/.default',
    sqlScope: 'https://database.usgovcloudapi.net/.default',
    suffixes: {
      PostgreSQL: '.postgres.database.usgovcloudapi.net',
      MySQL: '.mysql.database.usgovcloudapi.net',
      AzureSQL: '.database.usgovcloudapi.net',
    },
  },
  china: {
    name: 'china',
    authority: 'https://login.chinacloudapi.cn',
    armEndpoint: 'https://management.chinacloudapi.cn',
    armScope: 'https://management.chinacloudapi.cn/.default',
    ossrdbmsScope: 'https://ossrdbms-aad.database.chinacloudapi.cn/.default',
    sqlScope: 'https://database.chinacloudapi.cn/.default',
    suffixes: {
      PostgreSQL: '.postgres.database.chinacloudapi.cn',
      MySQL: '.mysql.database.chinacloudapi.cn',
      AzureSQL: '.database.chinacloudapi.cn',
    },
  },
};

/** A cloud whose endpoints somebody gave by hand. Throws TypeError that names the field which can't be right. */
export function customCloud(fields: Omit<Cloud, 'name'>): Cloud {
  for (const field of ['authority', 'armEndpoint'] as const) {
    if (!isOrigin(fields[field])) throw new TypeError(`${field} must be https://<host>[:<port>], without a path`);
  }
  for (const field of ['armScope', 'ossrdbmsScope', 'sqlScope'] as const) {
    if (!/^[\x21-\x7e]+\/\.default$/.test(fields[field])) throw new TypeError(`${field} must end in /.default`);
  }
  for (const [type, suffix] of Object.entries(fields.suffixes)) {
    if (!isServerSuffix(suffix, 'custom'))
      throw new TypeError(`the suffix of ${type} must be a DNS suffix with a leading dot, or an IPv4 range`);
  }
  return { name: 'custom', ...fields };
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:' && new URL(text).origin === text;
}
