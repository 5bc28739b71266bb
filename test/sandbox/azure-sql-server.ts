import type { Clock } from '../../src/runtime/clock.ts';
import type { Server, World } from './azure/world.ts';
import { Gateway } from './azure-sql/gateway.ts';
import type { VerifySqlToken } from './azure-sql/login.ts';
import { SqlServer } from './azure-sql/sql-server.ts';
import type { Authority } from './certificates.ts';
import type { Faults } from './controls/faults.ts';
import type { Journal } from './controls/journal.ts';
import { administratorsOf, describedServer } from './flexible-server.ts';
import type { SandboxServer } from './sandbox-file.ts';

/** One logical server of Azure SQL: an engine in memory, and the gateway in front of it. */
export interface AzureSqlServer {
  readonly server: Server;
  readonly engine: SqlServer;
  readonly gateway: Gateway;
  stop(): Promise<void>;
}

export interface AzureSqlServerOptions {
  readonly server: Server;
  readonly authority: Authority;
  readonly verify: VerifySqlToken;
  /** Where clients that ask are sent for a token: an address of Entra with the tenant's id. */
  readonly tokenAuthority: string;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly clock: Clock;
  /** How long a paused database takes to come back after the first login that it refuses; 5000 when left out. */
  readonly resumeInMs?: number;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Starts a server with its databases. Throws what listening throws, for example EADDRINUSE. */
export async function startAzureSqlServer(options: AzureSqlServerOptions): Promise<AzureSqlServer> {
  const { server, authority, verify, tokenAuthority, journal, faults, clock, resumeInMs, log, signal } = options;
  const engine = new SqlServer({ server, clock, signal, ...(resumeInMs !== undefined && { resumeInMs }) });
  const certificate = await authority.issue({ commonName: server.name, ipAddresses: [server.host], dnsNames: ['localhost'] });
  const gateway = await Gateway.start({ engine, certificate, verify, authority: tokenAuthority, journal, faults, log, signal });
  return { server, engine, gateway, stop: () => gateway.stop() };
}

/** A server in a sandbox, whose controls act on it. */
export interface SandboxSqlServer extends AzureSqlServer {
  /** Makes the operator the Entra administrator, of which there is one, or takes that away. */
  setOperatorAdministrator(wanted: boolean): Promise<void>;
  /** Puts a database to sleep, or wakes it. False when there is none of that name. */
  setPaused(database: string, paused: boolean): boolean;
  described(): SandboxServer;
}

/** Starts a server of a sandbox. Throws what `startAzureSqlServer` throws. */
export async function startSandboxSqlServer({
  world,
  ...options
}: AzureSqlServerOptions & { readonly world: World }): Promise<SandboxSqlServer> {
  const started = await startAzureSqlServer(options);
  const { server, engine } = started;
  return {
    ...started,
    setOperatorAdministrator: async (wanted) => {
      const { own, others } = administratorsOf(server, world);
      server.administrators.splice(0, server.administrators.length, ...(wanted ? own : others));
    },
    setPaused: (database, paused) => (paused ? engine.pause(database) : engine.resume(database)),
    described: () => describedServer(server),
  };
}
