import type { Fault } from '../../sandbox/controls/faults.ts';

/** Each strikes some times while a connection is made, and goes away by itself. */
export const whileMade: Readonly<Record<string, Fault>> = {
  'ARM says 409 for the credential': {
    match: { kind: 'arm', method: 'PUT', path: 'federatedIdentityCredentials' },
    respond: { status: 409, code: 'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity' },
    times: 2,
  },
  'ARM says 429 with Retry-After': {
    match: { kind: 'arm', path: 'flexibleServers/shop-pg$' },
    respond: { status: 429, code: 'TooManyRequests', retryAfter: 1 },
    times: 2,
  },
  'ARM says 429 without Retry-After': {
    match: { kind: 'arm', path: 'administrators' },
    respond: { status: 429, code: 'TooManyRequests' },
    times: 2,
  },
  'ARM says 500': { match: { kind: 'arm' }, respond: { status: 500, code: 'InternalServerError' }, times: 3 },
  'ARM cuts the line before it writes': { match: { kind: 'arm', method: 'PUT' }, respond: { drop: 'before' }, times: 2 },
  'ARM cuts the line after it wrote': { match: { kind: 'arm', method: 'PUT' }, respond: { drop: 'after' }, times: 1 },
  'ARM cuts the line when it is read': { match: { kind: 'arm', method: 'GET' }, respond: { drop: 'before' }, times: 4 },
  'ARM is slow': { match: { kind: 'arm' }, respond: { delayMs: 1_500 }, times: 3 },
  'the database is starting up': { match: { kind: 'sql', path: '^LOGIN' }, respond: { code: '57P03' }, times: 2 },
  'the database has no connection left': { match: { kind: 'sql', path: '^LOGIN' }, respond: { code: '53300' }, times: 2 },
  'the database says that the token has expired': {
    match: { kind: 'sql', path: '^LOGIN' },
    respond: { code: '28000', message: 'The access token has expired. Please acquire a new token and retry.' },
    times: 2,
  },
  'the database cuts the line at the login': { match: { kind: 'sql', path: '^LOGIN' }, respond: { drop: 'before' }, times: 2 },
  'the database cuts the line before the user is made': {
    match: { kind: 'sql', path: 'pgaadauth_create_principal' },
    respond: { drop: 'before' },
    times: 1,
  },
  'the database cuts the line after the user was made': {
    match: { kind: 'sql', path: 'pgaadauth_create_principal' },
    respond: { drop: 'after' },
    times: 1,
  },
  'the database cuts the line before the commit': { match: { kind: 'sql', path: '^COMMIT' }, respond: { drop: 'before' }, times: 3 },
  'the database cuts the line after the commit': { match: { kind: 'sql', path: '^COMMIT' }, respond: { drop: 'after' }, times: 3 },
  'somebody grants at the same time': {
    match: { kind: 'sql', path: '^GRANT' },
    respond: { code: 'XX000', message: 'tuple concurrently updated' },
    times: 2,
  },
  'somebody holds a lock': { match: { kind: 'sql', path: '^GRANT' }, respond: { code: '55P03' }, times: 2 },
  'two sessions wait for each other': { match: { kind: 'sql', path: '^GRANT' }, respond: { code: '40P01' }, times: 2 },
};

/** Each strikes some times while a connection is ended. */
export const whileEnded: Readonly<Record<string, Fault>> = {
  'ARM says 429 for the credential': {
    match: { kind: 'arm', method: 'DELETE' },
    respond: { status: 429, code: 'TooManyRequests', retryAfter: 1 },
    times: 2,
  },
  'ARM cuts the line after it deleted': { match: { kind: 'arm', method: 'DELETE' }, respond: { drop: 'after' }, times: 1 },
  'somebody holds a lock': { match: { kind: 'sql', path: '^DROP' }, respond: { code: '55P03' }, times: 2 },
  'the line is cut while the login is taken away': { match: { kind: 'sql', path: 'NOLOGIN' }, respond: { drop: 'after' }, times: 1 },
  'the line is cut while the user is dropped': { match: { kind: 'sql', path: 'DROP ROLE' }, respond: { drop: 'before' }, times: 1 },
  'the line is cut after the user was dropped': { match: { kind: 'sql', path: 'DROP ROLE' }, respond: { drop: 'after' }, times: 1 },
};
