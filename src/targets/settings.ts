import { springValue } from './identity-settings.ts';

export type Settings = Readonly<Record<string, string>>;

/** The settings under the names that a workload finds, for example AZURE_MYSQL_HOST. */
export function prefixed(values: Settings, prefix: string): Settings {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, value]));
}

/** All that a client needs in one value. */
export function connectionString(value: string): Settings {
  return { CONNECTIONSTRING: value };
}

/** A data source whose password Spring Cloud Azure gets by itself, for PostgreSQL and MySQL. Throws SettingNotAllowed for a name that Spring would change. */
export function springDataSource(url: string, userName: string): Settings {
  return {
    'spring.datasource.azure.passwordless-enabled': 'true',
    'spring.datasource.url': url,
    'spring.datasource.username': springValue('the name of the database user', userName),
  };
}
