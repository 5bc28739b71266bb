import type { Clock } from '../../src/runtime/clock.ts';
import type { Entra } from './azure/entra.ts';
import { knownPrincipals } from './azure/hosts/principals.ts';
import type { Server, World } from './azure/world.ts';
import type { Log } from './cache.ts';
import type { Authority } from './certificates.ts';
import type { Faults } from './controls/faults.ts';
import type { Journal } from './controls/journal.ts';
import { administratorsOf, describedServer } from './flexible-server.ts';
import { syncAdministrators } from './postgres/administrators.ts';
import { type Backend, startBackend } from './postgres/backend.ts';
import { type Gateway, startGateway } from './postgres/gateway.ts';
import type { SandboxServer } from './sandbox-file.ts';

/** One PostgreSQL Flexible Server: an engine, and the gateway in front of it. */
export interface PostgresServer {
  readonly server: Server;
  readonly backend: Backend;
  readonly gateway: Gateway;
  /** Lets the engine know the identities that the tenant has now. */
  syncPrincipals(): Promise<void>;
  /** Makes the operator Entra administrator, or takes that away. */
  setOperatorAdministrator(wanted: boolean): Promise<void>;
  described(): SandboxServer;
  stop(): Promise<void>;
}

export interface PostgresServerOptions {
  readonly server: Server;
  readonly world: World;
  readonly authority: Authority;
  readonly directory: string;
  readonly verify: Entra['verify'];
  readonly journal: Journal;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Starts a server with its databases, administrators and known identities. */
export async function startPostgresServer(options: PostgresServerOptions): Promise<PostgresServer> {
  const { server, world, authority, verify, journal, faults, clock, log, signal } = options;
  const backend = await startBackend({ tenantId: world.tenantId, log, signal });
  try {
    const syncPrincipals = () =>
      backend.setPrincipals(knownPrincipals(world, clock.now()).map(({ principalId }) => ({ objectId: principalId, kind: 'service' })));
    await syncPrincipals();
    await syncAdministrators(server, backend);
    for (const database of server.databases) await backend.createDatabase(database);
    const certificate = await authority.issue({ commonName: server.name, ipAddresses: [server.host], dnsNames: ['localhost'] });
    const gateway = await startGateway({ backend, server, certificate, verify, journal, faults, clock, log, signal });

    server.administratorsChanged = () => syncAdministrators(server, backend);
    server.restart = async () => {
      await gateway.refuseConnections();
      await gateway.acceptConnections();
    };
    const setOperatorAdministrator = async (wanted: boolean) => {
      const { own, others } = administratorsOf(server, world);
      server.administrators.splice(0, server.administrators.length, ...others, ...(wanted ? own : []));
      await syncAdministrators(server, backend);
    };
    const described = () => {
      const { host, port, superuser: user, password } = backend;
      return describedServer(server, { host, port, socket: backend.socketDirectory, user, password });
    };
    const stop = async () => {
      await gateway.stop();
      await backend.stop();
    };
    return { server, backend, gateway, syncPrincipals, setOperatorAdministrator, described, stop };
  } catch (error) {
    await backend.stop();
    throw error;
  }
}
