import type { Clock } from '../../src/runtime/clock.ts';
import type { Entra } from './azure/entra.ts';
import type { Server, World } from './azure/world.ts';
import type { Log } from './cache.ts';
import type { Authority } from './certificates.ts';
import type { Faults } from './controls/faults.ts';
import type { Journal } from './controls/journal.ts';
import { administratorsOf, describedServer } from './flexible-server.ts';
import { syncAdministrators } from './mysql/administrators.ts';
import { type Backend, startBackend } from './mysql/backend.ts';
import { type Gateway, startGateway } from './mysql/gateway.ts';
import type { SandboxServer } from './sandbox-file.ts';

/** One MySQL Flexible Server: an engine, and the gateway in front of it. */
export interface MysqlServer {
  readonly server: Server;
  readonly backend: Backend;
  readonly gateway: Gateway;
  /** Makes the operator the Entra administrator, of which there is one, or takes that away. */
  setOperatorAdministrator(wanted: boolean): Promise<void>;
  described(): SandboxServer;
  stop(): Promise<void>;
}

export interface MysqlServerOptions {
  readonly server: Server;
  readonly world: World;
  readonly authority: Authority;
  readonly verify: Entra['verify'];
  readonly journal: Journal;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Starts a server with its databases and administrator. Throws with what to install where there is no engine. */
export async function startMysqlServer(options: MysqlServerOptions): Promise<MysqlServer> {
  const { server, world, authority, verify, journal, faults, clock, log, signal } = options;
  const backend = await startBackend({ log, signal });
  try {
    await syncAdministrators(server, backend);
    for (const database of server.databases) await backend.createDatabase(database);
    const certificate = await authority.issue({ commonName: server.name, ipAddresses: [server.host], dnsNames: ['localhost'] });
    const gateway = await startGateway({ backend, server, certificate, verify, journal, faults, clock, log, signal });

    server.administratorsChanged = () => syncAdministrators(server, backend);
    const setOperatorAdministrator = async (wanted: boolean) => {
      const { own, others } = administratorsOf(server, world);
      server.administrators.splice(0, server.administrators.length, ...(wanted ? own : others));
      await syncAdministrators(server, backend);
    };
    const described = () => {
      const { host, port, superuser: user, password } = backend;
      return describedServer(server, { host, port, socket: backend.socket, user, password });
    };
    const stop = async () => {
      await gateway.stop();
      await backend.stop();
    };
    return { server, backend, gateway, setOperatorAdministrator, described, stop };
  } catch (error) {
    await backend.stop();
    throw error;
  }
}
