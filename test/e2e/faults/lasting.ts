import type { Reason } from '../../../src/api/reasons.ts';
import type { Fault } from '../../sandbox/controls/faults.ts';

/** A fault that lasts until somebody mends it, and what the condition says meanwhile. */
export interface LastingFault {
  readonly fault: Fault;
  readonly reason: Reason;
  readonly message: RegExp;
  /** Whether only another spec, or another subscription, would help as far as the operator can tell. */
  readonly stalled?: true;
}

const identity: Fault['match'] = { kind: 'arm', path: 'userAssignedIdentities/fresh-\\d+$' };
const credentials: Fault['match'] = { kind: 'arm', method: 'GET', path: 'federatedIdentityCredentials$' };
const server: Fault['match'] = { kind: 'arm', path: 'flexibleServers/shop-pg$' };
const login: Fault['match'] = { kind: 'sql', path: '^LOGIN' };
const mebibyte = 1024 * 1024;

/** Classes of azure-facts 7.1 and 7.3. */
export const lastingFaults: Readonly<Record<string, LastingFault>> = {
  'ARM says 403': {
    fault: { match: identity, respond: { status: 403, code: 'AuthorizationFailed' } },
    reason: 'AzureAccessDenied',
    message: /the action Microsoft.ManagedIdentity\/userAssignedIdentities\/read for identity "fresh-\d+"/,
  },
  'ARM says 404 for the identity': {
    fault: { match: identity, respond: { status: 404, code: 'ResourceNotFound' } },
    reason: 'IdentityNotFound',
    message: /identity/,
  },
  'ARM says 404 for the server': {
    fault: { match: server, respond: { status: 404, code: 'ResourceNotFound' } },
    reason: 'ServerNotFound',
    message: /shop-pg/,
  },
  'ARM says 409 ServerBusy': {
    fault: { match: server, respond: { status: 409, code: 'ServerBusy' } },
    reason: 'AzureError',
    message: /\(ServerBusy\)/,
  },
  'ARM says 409 ScopeLocked': {
    fault: { match: server, respond: { status: 409, code: 'ScopeLocked' } },
    reason: 'AzureError',
    message: /\(ScopeLocked\)/,
    stalled: true,
  },
  'ARM says 429': {
    fault: { match: server, respond: { status: 429, code: 'TooManyRequests' } },
    reason: 'Throttled',
    message: /slow down \(TooManyRequests\); it goes on by itself$/,
  },
  'ARM says 500': { fault: { match: server, respond: { status: 500 } }, reason: 'AzureError', message: /\(ServiceUnavailable\)/ },
  'ARM answers with more than 4 MiB': {
    fault: { match: identity, respond: { body: `"${'x'.repeat(5 * mebibyte)}"` } },
    reason: 'AzureError',
    message: /more than 4 MiB$/,
  },
  'ARM answers with half an object': {
    fault: { match: identity, respond: { body: '{"id": "/subscriptions' } },
    reason: 'AzureError',
    message: /^Azure's answer about identity "fresh-\d+" can't be read \(PARSE_ERROR\)$/,
  },
  'ARM answers with an object of another shape': {
    fault: { match: identity, respond: { body: '{"properties":{"principalId":["the operator"],"clientId":7}}' } },
    reason: 'AzureError',
    message: /ids of identity "fresh-\d+"/,
  },
  'ARM answers with a list of nothing': {
    fault: { match: credentials, respond: { body: '{"value":[null]}' } },
    reason: 'AzureError',
    message: /a list of something else than resources$/,
  },
  'ARM links to another host': {
    fault: { match: credentials, respond: { body: '{"value":[],"nextLink":"https://elsewhere.example/next"}' } },
    reason: 'AzureError',
    message: /a link to another host, which was not followed$/,
  },
  'the firewall refuses the operator': {
    fault: {
      match: login,
      respond: {
        code: '28000',
        message: 'no pg_hba.conf entry for host "203.0.113.7", user "passwordless-operator", database "postgres", SSL encryption',
      },
    },
    reason: 'FirewallDenied',
    message: /refuses the operator's address 203\.0\.113\.7: add a rule for it/,
  },
  'the operator is no administrator': {
    fault: { match: login, respond: { code: '28P01', message: 'password authentication failed for user "passwordless-operator"' } },
    reason: 'NotEntraAdministrator',
    message: /Entra administrator/,
  },
  'the database refuses every token': {
    fault: { match: login, respond: { code: '28000', message: 'The access token has expired. Please acquire a new token and retry.' } },
    reason: 'TokenRefused',
    message: /token has expired; a new one is being fetched$/,
  },
  'the database is starting up': { fault: { match: login, respond: { code: '57P03' } }, reason: 'Unreachable', message: /is restarting/ },
  'the server cuts every line': { fault: { match: login, respond: { drop: 'before' } }, reason: 'Unreachable', message: /broke off$/ },
  'the server is read-only': {
    fault: { match: { kind: 'sql', path: 'pgaadauth_create_principal' }, respond: { code: '25006' } },
    reason: 'DatabaseError',
    message: /read-only/,
  },
  'the server does not find the identity': {
    fault: {
      match: { kind: 'sql', path: 'pgaadauth_create_principal' },
      respond: { code: 'XX000', message: 'Could not validate AAD user x because its name is not found in the tenant.' },
    },
    reason: 'IdentityNotFound',
    message: /can't find the identity in the tenant yet/,
  },
};
