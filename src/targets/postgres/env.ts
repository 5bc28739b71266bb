import { ConnectionError } from '../../api/connection-error.ts';
import type { SettingsInput } from '../target.ts';

/**
 * Settings as Azure Service Connector names them for PostgreSQL, key for key
 * (https://learn.microsoft.com/azure/service-connector/how-to-integrate-postgres). Throws NotYetServed for client and identity types that this version doesn't serve. Pure.
 */
export function settings(input: SettingsInput): Readonly<Record<string, string>> {
  const { clientType, identityType, host, port, database, userName, clientId, prefix = 'AZURE_POSTGRESQL' } = input;
  if (identityType !== 'UserAssigned') throw notServed(`settings for an identity of type ${identityType}`);
  const common = { HOST: host, DATABASE: database, PORT: String(port), SSL: 'true', CLIENTID: clientId };
  switch (clientType) {
    case 'NodeJS':
      return prefixed({ ...common, USER: userName }, prefix);
    case 'None':
      return prefixed({ ...common, USERNAME: userName }, prefix);
    default:
      throw notServed(`output.clientType ${clientType}`);
  }
}

function prefixed(values: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, value]));
}

function notServed(what: string): ConnectionError {
  return new ConnectionError('stalled', 'NotYetServed', `this version of the operator does not serve ${what}`);
}
