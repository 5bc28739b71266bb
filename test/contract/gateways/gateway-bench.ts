import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { createTokenSigner, type TokenSigner } from '../../sandbox/azure/token-signer.ts';
import type { Server } from '../../sandbox/azure/world.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import type { DatabaseGateway, GatewayOptions } from '../../sandbox/database-gateway.ts';
import { operator, tenantId } from '../target/given.ts';

interface StoppableBackend {
  stop(): Promise<void>;
}

/** A server behind its gateway, and what tests of the gateway look at. The clock lets no time pass. */
export abstract class GatewayBench<Backend extends StoppableBackend> {
  readonly closing = new AbortController();
  readonly journal = new Journal();
  readonly faults = new Faults();
  /** What the gateway waited, in milliseconds. */
  readonly delays: number[] = [];
  readonly server: Server;
  #backend: Backend | undefined;
  #gateway: DatabaseGateway<Backend> | undefined;
  #tokens: TokenSigner | undefined;
  #ca = '';

  constructor(given: Pick<Server, 'name' | 'type' | 'resourceId' | 'host'>) {
    this.server = {
      ...given,
      port: 0,
      databases: ['orders'],
      administrators: [{ objectId: operator.principalId, principalName: operator.name, principalType: 'ServicePrincipal' }],
      state: 'Ready',
      authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
      network: { publicNetworkAccess: 'Enabled' },
    };
  }

  get backend(): Backend {
    return started(this.#backend);
  }

  get gateway(): DatabaseGateway<Backend> {
    return started(this.#gateway);
  }

  get tokens(): TokenSigner {
    return started(this.#tokens);
  }

  /** The certificate to trust, in PEM. */
  get ca(): string {
    return this.#ca;
  }

  /** Statement, status and error of all that was recorded. */
  readonly statements = () =>
    this.journal.list('sql').flatMap((entry) => (entry.kind === 'sql' ? [[entry.statement, entry.status, entry.error]] : []));

  async start(): Promise<void> {
    const { server, journal, faults, closing } = this;
    const authority = await createAuthority();
    this.#ca = authority.pem;
    this.#tokens = await createTokenSigner({ tenantId, clock: systemClock });
    this.#backend = await this.startBackend();
    const clock: Clock = {
      now: systemClock.now,
      sleep: async (ms) => {
        this.delays.push(ms);
      },
    };
    this.#gateway = await this.startGateway({
      backend: this.#backend,
      server,
      certificate: await authority.issue({ commonName: server.name, ipAddresses: [server.host], dnsNames: ['localhost'] }),
      verify: this.#tokens.verify,
      journal,
      faults,
      clock,
      log: () => {},
      signal: closing.signal,
    });
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop();
    await this.#backend?.stop();
    this.closing.abort();
  }

  /** Takes away what a test left. */
  async cleanUp(): Promise<void> {
    this.faults.clear();
    this.journal.clear();
    await this.forgetTest();
  }

  /** With a database `orders` and the administrators of the server. */
  protected abstract startBackend(): Promise<Backend>;
  protected abstract startGateway(options: GatewayOptions<Backend>): Promise<DatabaseGateway<Backend>>;
  /** Closes sessions, and drops users whose names begin with `test`. */
  protected abstract forgetTest(): Promise<void>;
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the server did not start');
  return value;
}
