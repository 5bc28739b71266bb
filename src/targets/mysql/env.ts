import { ConnectionError } from '../../api/connection-error.ts';
import type { ClientType } from '../../api/spec.ts';
import { adoNet, uri } from '../connection-string.ts';
import { bindingIdentitySettings, identitySettings, springIdentitySettings } from '../identity-settings.ts';
import { connectionString, prefixed, type Settings, springDataSource } from '../settings.ts';
import type { SettingsInput } from '../target.ts';

/** The port that Service Connector's templates for Python, Django and Ruby leave out. */
const defaultPort = 3306;

/**
 * Settings as Azure Service Connector names them for MySQL, key for key, with every value escaped by its format's grammar
 * (https://learn.microsoft.com/azure/service-connector/how-to-integrate-mysql), and those of servicebinding.io. The user is always the plain name:
 * `<user>@<server>`, which some of its templates have, was for the retired single server. docs/settings.md lists them, and where they differ.
 * Pure. Throws SettingNotAllowed for a user name that Spring would change or Go's driver can't be told.
 */
export function settings(input: SettingsInput): Settings {
  const { clientType, prefix = 'AZURE_MYSQL' } = input;
  switch (clientType) {
    case 'SpringBoot':
      return { ...springDataSource(jdbcUrl(input), input.userName), ...springIdentitySettings(input) };
    case 'ServiceBinding':
      return { ...bindingSettings(input), ...bindingIdentitySettings(input) };
    default:
      return prefixed({ ...clientSettings(clientType, input), ...identitySettings(input) }, prefix);
  }
}

function clientSettings(clientType: Exclude<ClientType, 'SpringBoot' | 'ServiceBinding'>, input: SettingsInput): Settings {
  const { host, port, database, userName } = input;
  const otherPort: Settings = port === defaultPort ? {} : { PORT: String(port) };
  switch (clientType) {
    case 'None':
      return { HOST: host, USERNAME: userName, DATABASE: database, PORT: String(port), SSL: 'true' };
    case 'NodeJS':
      return { HOST: host, USER: userName, DATABASE: database, PORT: String(port), SSL: 'true' };
    case 'Python':
    case 'Django':
      return { NAME: database, HOST: host, USER: userName, ...otherPort };
    case 'DotNet':
      return connectionString(adoNet`Server=${host};Database=${database};Port=${port};User Id=${userName};SSL Mode=Required;`);
    case 'Java':
      return connectionString(`${jdbcUrl(input)}${uri`&user=${userName}`}`);
    case 'Go':
      return connectionString(goDsn(input));
    case 'PHP':
      return { DBNAME: database, HOST: host, PORT: String(port), FLAG: 'MySQL_CLIENT_SSL', USERNAME: userName };
    case 'Ruby':
      return { DATABASE: database, HOST: host, USERNAME: userName, SSLMODE: 'required', ...otherPort };
    default:
      return clientType satisfies never;
  }
}

/**
 * `user@tcp(host:port)/database?options`. The driver decodes the database, but takes the user as it stands, up to the first colon; it looks for the last
 * `/`, and before that for the last `@`. Without allowCleartextPasswords it sends no token. Source: https://github.com/go-sql-driver/mysql, dsn.go,
 * and its README: "DSN (Data Source Name)".
 */
function goDsn({ host, port, database, userName }: SettingsInput): string {
  if (userName.includes(':'))
    throw new ConnectionError(
      'stalled',
      'SettingNotAllowed',
      'the name of the database user contains ":", after which the Go driver would read a password: choose another one, or another spec.output.clientType',
    );
  return `${userName}@${uri`tcp(${host}:${port})/${database}`}?tls=true&allowCleartextPasswords=true`;
}

/**
 * Connector/J passes over Service Connector's `sslmode=required`, and then does without TLS when the server offers none: names of its properties other
 * than user and password must be in the right case (https://github.com/mysql/mysql-connector-j, PropertyKey.java).
 */
function jdbcUrl({ host, port, database }: SettingsInput): string {
  return uri`jdbc:mysql://${host}:${port}/${database}?sslMode=REQUIRED`;
}

/**
 * Well-known entries: https://servicebinding.io/spec/core/1.1.0/#well-known-secret-entries. The URI is that of MySQL's own clients:
 * https://dev.mysql.com/doc/refman/8.4/en/connecting-using-uri-or-key-value-pairs.html.
 */
function bindingSettings({ host, port, database, userName }: SettingsInput): Settings {
  return {
    type: 'mysql',
    provider: 'azure',
    host,
    port: String(port),
    database,
    username: userName,
    uri: uri`mysql://${userName}@${host}:${port}/${database}?ssl-mode=REQUIRED`,
  };
}
