import type { ConnectionConfiguration } from 'tedious';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { createTokenSigner, type TokenSigner } from '../../sandbox/azure/token-signer.ts';
import type { Identity, Server } from '../../sandbox/azure/world.ts';
import { type AzureSqlServer, startAzureSqlServer } from '../../sandbox/azure-sql-server.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { TediousClient } from './tedious-client.ts';

export const tenantId = '7f0e8f5c-0000-4000-8000-000000000000';
export const sqlAudience = 'https://database.windows.net/';

export const operator = identity('operator', 'a');
export const shop = identity('shop', 'b');
export const other = identity('other', 'c');

function identity(name: string, digit: string): Identity {
  const id = (group: string) => `${digit.repeat(8)}-${group}-4000-8000-${digit.repeat(12)}`;
  return { name, resourceId: `/identities/${name}`, clientId: id('0000'), principalId: id('1111'), federatedCredentials: [] };
}

/** The SID of an identity's user, as CREATE USER takes it. */
export function sidOf({ clientId }: Identity): string {
  const [first = '', second = '', third = '', ...rest] = clientId.split('-');
  const reversed = [first, second, third].map((each) => Buffer.from(each, 'hex').reverse().toString('hex'));
  return `0x${[...reversed, ...rest].join('')}`;
}

/** A server of Azure SQL with the database `orders`, and clients that log in to it. */
export class ShopSql {
  readonly started: AzureSqlServer;
  readonly tokens: TokenSigner;
  readonly ca: string;
  readonly journal: Journal;
  readonly faults: Faults;
  /** What the server has slept, in milliseconds; it takes no time. */
  readonly slept: number[];
  readonly #clients: TediousClient[] = [];
  readonly #closing: AbortController;

  private constructor(parts: Pick<ShopSql, 'started' | 'tokens' | 'ca' | 'journal' | 'faults' | 'slept'>, closing: AbortController) {
    this.started = parts.started;
    this.tokens = parts.tokens;
    this.ca = parts.ca;
    this.journal = parts.journal;
    this.faults = parts.faults;
    this.slept = parts.slept;
    this.#closing = closing;
  }

  static async start(): Promise<ShopSql> {
    const closing = new AbortController();
    const { signal } = closing;
    const slept: number[] = [];
    const clock: Clock = {
      now: systemClock.now,
      sleep: async (ms, until) => {
        slept.push(ms);
        // what sleeps for hours waits to be woken
        if (ms >= 3_600_000) await systemClock.sleep(ms, until);
      },
    };
    const authority = await createAuthority();
    const tokens = await createTokenSigner({ tenantId, clock: systemClock });
    const [journal, faults] = [new Journal(), new Faults()];
    const server: Server = {
      name: 'shop-sql',
      type: 'AzureSQL',
      resourceId: '/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.Sql/servers/shop-sql',
      host: '127.0.48.99',
      port: 0,
      databases: ['orders'],
      administrators: [{ objectId: operator.clientId, principalName: 'operator', principalType: 'ServicePrincipal' }],
      state: 'Ready',
      authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled' },
      network: { publicNetworkAccess: 'Enabled' },
    };
    const tokenAuthority = `https://127.0.0.1/${tenantId}`;
    const log = (line: string) => console.log(`      ${line}`);
    const started = await startAzureSqlServer({
      server,
      authority,
      verify: tokens.verify,
      tokenAuthority,
      journal,
      faults,
      clock,
      log,
      signal,
    });
    return new ShopSql({ started, tokens, ca: authority.pem, journal, faults, slept }, closing);
  }

  tokenOf(who: Identity): Promise<string> {
    return this.tokens.issue(who, sqlAudience, { expiresIn: 300 });
  }

  /** How tedious connects. */
  configuration(
    authentication: ConnectionConfiguration['authentication'],
    options: ConnectionConfiguration['options'] = {},
  ): ConnectionConfiguration {
    const { host, port } = this.started.gateway;
    const own = {
      port,
      encrypt: true,
      trustServerCertificate: false,
      database: 'orders',
      maxRetriesOnTransientErrors: 0,
      connectTimeout: 5000,
    };
    return {
      server: host,
      ...(authentication && { authentication }),
      options: { ...own, cryptoCredentialsDetails: { ca: this.ca }, ...options },
    };
  }

  async logIn(who: Identity, options: ConnectionConfiguration['options'] = {}): Promise<TediousClient> {
    return this.logInWith(await this.tokenOf(who), options);
  }

  logInWith(token: string, options: ConnectionConfiguration['options'] = {}): Promise<TediousClient> {
    return this.connect(this.configuration({ type: 'azure-active-directory-access-token', options: { token } }, options));
  }

  async connect(configuration: ConnectionConfiguration): Promise<TediousClient> {
    const client = await TediousClient.connect(configuration);
    this.#clients.push(client);
    return client;
  }

  /** Ends all sessions and forgets what was asked and ordered. */
  async clear(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.connection.close();
    this.journal.clear();
    this.faults.clear();
    this.slept.length = 0;
  }

  async stop(): Promise<void> {
    await this.clear();
    await this.started.stop();
    this.#closing.abort();
  }

  /** Statements that were asked for, with their errors. */
  get statements(): readonly (readonly [string, string])[] {
    return this.journal.list('sql').flatMap((entry) => (entry.kind === 'sql' ? [[entry.statement, entry.error] as const] : []));
  }
}
