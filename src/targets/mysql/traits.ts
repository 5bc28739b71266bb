/** What differs among servers and matters to what is sent to them; read once after each login. */
export interface ServerTraits {
  /** As the server says it, for example 8.0.42. */
  readonly version: string;
  /** What tells this server from every other one. */
  readonly serverIdentifier: string;
  /** Whether wild cards in the database of a GRANT are switched off, and with them their escaping. */
  readonly partialRevokes: boolean;
  /** Whether names of databases and tables are compared without regard to case. */
  readonly foldsNames: boolean;
}

/** A variable of the server as SHOW VARIABLES tells it. */
export interface ServerVariable {
  readonly Variable_name: string;
  readonly Value: string;
}

/** Variables by name. One that a server hasn't isn't there. */
export type ServerVariables = ReadonlyMap<string, string>;

/** What `readVariables` answered. Pure. */
export function variablesOf(rows: readonly ServerVariable[]): ServerVariables {
  return new Map(rows.map(({ Variable_name, Value }) => [Variable_name.toLowerCase(), Value]));
}

/** The traits that the variables tell. Empty texts where the server doesn't say. Pure. */
export function traitsOf(variables: ServerVariables): ServerTraits {
  return {
    version: variables.get('version') ?? '',
    serverIdentifier: variables.get('server_uuid') ?? '',
    partialRevokes: variables.get('partial_revokes') === 'ON',
    foldsNames: (variables.get('lower_case_table_names') ?? '0') !== '0',
  };
}

/** The first number of a version; NaN where there is none. Pure. */
export function majorVersionOf({ version }: Pick<ServerTraits, 'version'>): number {
  return Number.parseInt(version, 10);
}
