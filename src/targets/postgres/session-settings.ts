/** PgBouncer listens on 6432 of the same server, and would not keep what a session pins. */
export const port = 5432;

export const statementTimeoutInMs = 30_000;

export const pinnedSearchPath = 'pg_catalog,pg_temp';

/**
 * Settings that a database's owner can set for everybody who enters (ALTER DATABASE … SET); as startup options they can't (threat-model D1, D2).
 * Values hold no blanks, which the packet would split at. transaction_timeout isn't among them, because PostgreSQL 16 refuses a login with a setting that it doesn't know.
 */
const pinned: Readonly<Record<string, string | number>> = {
  search_path: pinnedSearchPath,
  standard_conforming_strings: 'on',
  default_transaction_read_only: 'off',
  role: 'none',
  statement_timeout: statementTimeoutInMs,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 30_000,
  idle_session_timeout: 0,
  client_min_messages: 'notice',
  createrole_self_grant: '',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  check_function_bodies: 'on',
  local_preload_libraries: '',
};

/** What the startup packet says of settings. */
export const startupOptions = Object.entries(pinned)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');
