import type { ClientType } from '../../api/spec.ts';
import { adoNet, braced, uri } from '../connection-string.ts';
import { bindingIdentitySettings, identitySettings, revealedSecret, springValue } from '../identity-settings.ts';
import { connectionString, prefixed, type Settings } from '../settings.ts';
import type { SettingsInput } from '../target.ts';
import { credentialKind } from './credential-kind.ts';

/**
 * Settings as Azure Service Connector names them for Azure SQL Database, key for key, with every value escaped by its format's grammar
 * (https://learn.microsoft.com/azure/service-connector/how-to-integrate-sql-database), and those of servicebinding.io. For Go, PHP, Django and Ruby it
 * has none without a password: these have the keys of its settings with one, and what the driver needs. docs/settings.md lists them, and where they differ.
 * No user name stands in any of them: the token names the user. Pure. Throws SettingNotAllowed for a value that Spring would change.
 */
export function settings(input: SettingsInput): Settings {
  const { clientType, prefix = 'AZURE_SQL' } = input;
  switch (clientType) {
    case 'SpringBoot':
      return springSettings(input);
    case 'ServiceBinding':
      return { ...bindingSettings(input), ...bindingIdentitySettings(input) };
    default:
      return prefixed(clientSettings(clientType, input), prefix);
  }
}

function clientSettings(clientType: Exclude<ClientType, 'SpringBoot' | 'ServiceBinding'>, input: SettingsInput): Settings {
  const { host, database } = input;
  const port = String(input.port);
  switch (clientType) {
    case 'None':
      return { HOST: host, PORT: port, DATABASE: database, AUTHENTICATION: 'azure-active-directory-default', ...login(input, 'USERNAME') };
    case 'NodeJS':
      return { SERVER: host, PORT: port, DATABASE: database, AUTHENTICATIONTYPE: tediousAuthentication(input), ...identitySettings(input) };
    case 'Python':
      return {
        SERVER: host,
        PORT: port,
        DATABASE: database,
        AUTHENTICATION: authentication(input, 'ActiveDirectoryMsi'),
        ...login(input, 'USER'),
      };
    case 'Django':
      return { HOST: host, PORT: port, NAME: database, ...djangoLogin(input) };
    case 'DotNet':
      return { ...connectionString(dotNetString(input)), ...(input.identityType === 'ServicePrincipal' && identitySettings(input)) };
    case 'Java':
      return connectionString(`${jdbcUrl(input)}${jdbcLogin(input)}${jdbcAuthentication(input)}`);
    case 'Go':
      return connectionString(goUrl(input));
    case 'PHP':
      return { SERVERNAME: `${host},${port}`, DATABASE: database, ...phpLogin(input) };
    case 'Ruby':
      return { HOST: host, PORT: port, DATABASE: database, ...identitySettings(input) };
    default:
      return clientType satisfies never;
  }
}

/** The driver's word for how it gets a token: `managed` where the workload asks a managed identity endpoint. Drivers spell that one differently. */
function authentication(input: SettingsInput, managed: string): string {
  const words = { ManagedIdentity: managed, Federated: 'ActiveDirectoryDefault', Secret: 'ActiveDirectoryServicePrincipal' };
  return words[credentialKind(input)];
}

/** The client id under the name that the client looks for, and a service principal's secret. */
function login(input: SettingsInput, idName: 'USERNAME' | 'USER' | 'UID'): Settings {
  switch (input.identityType) {
    case 'SystemAssigned':
      return {};
    case 'UserAssigned':
      return { [idName]: input.clientId };
    case 'ServicePrincipal':
      return { [idName]: input.clientId, PASSWORD: revealedSecret(input) };
    default:
      return input.identityType satisfies never;
  }
}

/**
 * Service Connector has azure-active-directory-default for a service principal too, with which tedious passes over the secret
 * (https://tediousjs.github.io/tedious/api-connection.html, authentication.type).
 */
function tediousAuthentication({ identityType }: SettingsInput): string {
  return identityType === 'ServicePrincipal' ? 'azure-active-directory-service-principal-secret' : 'azure-active-directory-default';
}

/** Source of the words: https://learn.microsoft.com/sql/connect/ado-net/sql/azure-active-directory-authentication. */
function dotNetString(input: SettingsInput): string {
  const { host, port, database, clientId, identityType } = input;
  const place = adoNet`Data Source=${host},${port};Initial Catalog=${database};`;
  const mode = adoNet`Authentication=${authentication(input, 'ActiveDirectoryManagedIdentity')}`;
  switch (identityType) {
    case 'SystemAssigned':
      return `${place}${mode}`;
    case 'UserAssigned':
      return `${place}${adoNet`User ID=${clientId};`}${mode}`;
    case 'ServicePrincipal':
      return `${place}${adoNet`User ID=${clientId};Password=${revealedSecret(input)};`}${mode}`;
    default:
      return identityType satisfies never;
  }
}

function jdbcUrl({ host, port, database }: SettingsInput): string {
  return braced`jdbc:sqlserver://${host}:${port};databaseName=${database};`;
}

function jdbcLogin(input: SettingsInput): string {
  const { clientId, identityType } = input;
  switch (identityType) {
    case 'SystemAssigned':
      return '';
    case 'UserAssigned':
      return braced`msiClientId=${clientId};`;
    case 'ServicePrincipal':
      return braced`user=${clientId};password=${revealedSecret(input)};`;
    default:
      return identityType satisfies never;
  }
}

/** Source of the words: https://learn.microsoft.com/sql/connect/jdbc/connecting-using-azure-active-directory-authentication. */
function jdbcAuthentication(input: SettingsInput): string {
  return braced`authentication=${authentication(input, 'ActiveDirectoryMSI')};`;
}

/** A service principal's id and secret stand in properties of their own, as Service Connector has them. */
function springSettings(input: SettingsInput): Settings {
  const url = (parts: string) => springValue('the name of the database', `${jdbcUrl(input)}${parts}${jdbcAuthentication(input)}`);
  if (input.identityType !== 'ServicePrincipal') return { 'spring.datasource.url': url(jdbcLogin(input)) };
  return {
    'spring.datasource.url': url(''),
    'spring.datasource.username': input.clientId,
    'spring.datasource.password': springValue('the client secret', revealedSecret(input)),
  };
}

/**
 * For the driver name azuresql. Its other form, `key=value;`, has no quotes before version 1.9.3 and no single ones since. Without encrypt the driver
 * trusts every certificate. ActiveDirectoryDefault takes no client id but that of AZURE_CLIENT_ID. Source: https://github.com/microsoft/go-mssqldb, README.md, "Azure Active Directory authentication",
 * msdsn/conn_str.go and azuread/configuration.go.
 */
function goUrl(input: SettingsInput): string {
  const { host, port, database } = input;
  const mode = authentication(input, 'ActiveDirectoryManagedIdentity');
  return `sqlserver://${goLogin(input)}${uri`${host}:${port}?database=${database}&encrypt=true&fedauth=${mode}`}`;
}

function goLogin(input: SettingsInput): string {
  const { clientId, tenantId } = input;
  if (input.identityType === 'ServicePrincipal') return uri`${`${clientId}@${tenantId}`}:${revealedSecret(input)}@`;
  return hasToNameIdentity(input) ? uri`${clientId}@` : '';
}

/** What OPTIONS["extra_params"] of mssql-django needs: https://learn.microsoft.com/sql/connect/python/mssql-django/microsoft-entra-authentication. */
function djangoLogin(input: SettingsInput): Settings {
  const mode = braced`Authentication=${authentication(input, 'ActiveDirectoryMsi')}`;
  if (hasToNameIdentity(input)) return { EXTRAPARAMS: `${mode}${braced`;UID=${input.clientId}`}` };
  return { ...(input.identityType === 'ServicePrincipal' && login(input, 'USER')), EXTRAPARAMS: mode };
}

/** Whether the host's endpoint has to be asked for one identity of several. */
function hasToNameIdentity(input: SettingsInput): boolean {
  return input.identityType === 'UserAssigned' && credentialKind(input) === 'ManagedIdentity';
}

/**
 * The drivers of PHP have no word for federated tokens: there the application hands in an AccessToken, beside which neither Authentication nor UID may
 * stand. Source: https://learn.microsoft.com/sql/connect/php/azure-active-directory.
 */
function phpLogin(input: SettingsInput): Settings {
  if (credentialKind(input) === 'Federated') return identitySettings(input);
  return { ...login(input, 'UID'), AUTHENTICATION: authentication(input, 'ActiveDirectoryMsi') };
}

/** Well-known entries: https://servicebinding.io/spec/core/1.1.0/#well-known-secret-entries. There is no username, because the token names the user. */
function bindingSettings(input: SettingsInput): Settings {
  const { host, port, database } = input;
  return { type: 'sqlserver', provider: 'azure', host, port: String(port), database, uri: goUrl(input) };
}
