import type { ClientType } from '../../api/spec.ts';
import { adoNet, libpq, uri } from '../connection-string.ts';
import { bindingIdentitySettings, identitySettings, springIdentitySettings } from '../identity-settings.ts';
import { connectionString, prefixed, type Settings, springDataSource } from '../settings.ts';
import type { SettingsInput } from '../target.ts';

/** The port that Service Connector's templates for Django and Go leave out. */
const defaultPort = 5432;

/**
 * Settings as Azure Service Connector names them for PostgreSQL, key for key, with every value escaped by its format's grammar
 * (https://learn.microsoft.com/azure/service-connector/how-to-integrate-postgres), and those of servicebinding.io. docs/settings.md lists them,
 * and where they differ. Pure. Throws SettingNotAllowed for a user name that Spring would change.
 */
export function settings(input: SettingsInput): Settings {
  const { clientType, prefix = 'AZURE_POSTGRESQL' } = input;
  switch (clientType) {
    case 'SpringBoot':
      return { ...springDataSource(springUrl(input), input.userName), ...springIdentitySettings(input) };
    case 'ServiceBinding':
      return { ...bindingSettings(input), ...bindingIdentitySettings(input) };
    default:
      return prefixed({ ...clientSettings(clientType, input), ...identitySettings(input) }, prefix);
  }
}

function clientSettings(clientType: Exclude<ClientType, 'SpringBoot' | 'ServiceBinding'>, input: SettingsInput): Settings {
  const { host, port, database, userName } = input;
  const isOtherPort = port !== defaultPort;
  switch (clientType) {
    case 'None':
      return { HOST: host, USERNAME: userName, DATABASE: database, PORT: String(port), SSL: 'true' };
    case 'NodeJS':
      return { HOST: host, USER: userName, DATABASE: database, PORT: String(port), SSL: 'true' };
    case 'Django':
      return { NAME: database, HOST: host, USER: userName, ...(isOtherPort && { PORT: String(port) }) };
    case 'DotNet':
      return connectionString(adoNet`Server=${host};Database=${database};Port=${port};Ssl Mode=Require;User Id=${userName};`);
    case 'Java':
      return connectionString(uri`jdbc:postgresql://${host}:${port}/${database}?sslmode=require&user=${userName}`);
    case 'Python':
      return connectionString(libpq`dbname=${database} host=${host} port=${port} sslmode=require user=${userName}`);
    case 'Go':
      return connectionString(
        isOtherPort
          ? libpq`host=${host} port=${port} dbname=${database} sslmode=require user=${userName}`
          : libpq`host=${host} dbname=${database} sslmode=require user=${userName}`,
      );
    case 'PHP':
    case 'Ruby':
      return connectionString(libpq`host=${host} port=${port} dbname=${database} sslmode=require user=${userName}`);
    default:
      return clientType satisfies never;
  }
}

function springUrl({ host, port, database }: SettingsInput): string {
  return uri`jdbc:postgresql://${host}:${port}/${database}?sslmode=require`;
}

/** Well-known entries: https://servicebinding.io/spec/core/1.1.0/#well-known-secret-entries. */
function bindingSettings({ host, port, database, userName }: SettingsInput): Settings {
  return {
    type: 'postgresql',
    provider: 'azure',
    host,
    port: String(port),
    database,
    username: userName,
    uri: uri`postgresql://${userName}@${host}:${port}/${database}?sslmode=require`,
  };
}
