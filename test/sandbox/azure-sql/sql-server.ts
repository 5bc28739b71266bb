import type { Clock } from '../../../src/runtime/clock.ts';
import type { Server } from '../azure/world.ts';
import { Database } from './database.ts';
import { Session, type SessionLogin } from './session.ts';

export interface SqlServerOptions {
  /** Its databases are made at once; administrators are read anew for each login, and it tells the databases' status from now on. */
  readonly server: Server;
  readonly clock: Clock;
  /** How long a paused database takes to come back after the first login that it refuses. */
  readonly resumeInMs?: number;
  readonly signal: AbortSignal;
}

/** Who may come from where, as the server's own network settings have it. */
export interface Network {
  /** A firewall rule fits the client's address. */
  isAddressAllowed: boolean;
  /** The client's virtual network has a rule, where it comes through a service endpoint. */
  isNetworkAllowed: boolean;
  /** Where clients are sent after their login, as with the connection policy Redirect. */
  redirect: { readonly host: string; readonly port: number } | undefined;
}

/** The engine of one logical server: its databases and who is logged in. */
export class SqlServer {
  readonly server: Server;
  readonly clock: Clock;
  readonly sessions = new Map<number, Session>();
  readonly network: Network = { isAddressAllowed: true, isNetworkAllowed: true, redirect: undefined };
  readonly #databases = new Map<string, Database>();
  readonly #resumeInMs: number;
  readonly #signal: AbortSignal;
  #lastSession = 50;

  constructor({ server, clock, resumeInMs = 5000, signal }: SqlServerOptions) {
    this.server = server;
    this.clock = clock;
    this.#resumeInMs = resumeInMs;
    this.#signal = signal;
    for (const name of ['master', ...server.databases]) this.createDatabase(name);
    server.databaseStatus = (name) => this.database(name)?.status;
  }

  /** Names of databases don't differ by case. Throws when there is one of that name. */
  createDatabase(name: string, { collation }: { readonly collation?: string } = {}): Database {
    const key = name.toLowerCase();
    if (this.#databases.has(key)) throw new Error(`the database ${name} is there already`);
    const id = this.#databases.size === 0 ? 1 : this.#databases.size + 4;
    const database = new Database({ name, id, now: new Date(this.clock.now()), ...(collation !== undefined && { collation }) });
    this.#databases.set(key, database);
    return database;
  }

  /** Takes a database away, and ends its sessions. False when there is none of that name. */
  dropDatabase(name: string): boolean {
    const database = this.database(name);
    if (!database) return false;
    for (const session of this.sessions.values()) if (session.database === database) session.kill();
    return this.#databases.delete(database.name.toLowerCase());
  }

  database(name: string): Database | undefined {
    return this.#databases.get((name || 'master').toLowerCase());
  }

  get databases(): readonly Database[] {
    return [...this.#databases.values()];
  }

  /** Puts a database to sleep and ends its sessions. False when there is none of that name. */
  pause(name: string): boolean {
    const database = this.database(name);
    if (!database) return false;
    database.status = 'Paused';
    for (const session of this.sessions.values()) if (session.database === database) session.kill();
    return true;
  }

  /** Wakes a database at once. False when there is none of that name. */
  resume(name: string): boolean {
    const database = this.database(name);
    if (database) database.status = 'Online';
    return database !== undefined;
  }

  /** What a login does to a paused database: it comes back a while later. */
  wake(database: Database): void {
    if (database.status !== 'Paused') return;
    database.status = 'Resuming';
    const resumed = () => {
      if (database.status === 'Resuming') database.status = 'Online';
    };
    void this.clock.sleep(this.#resumeInMs, this.#signal).then(resumed, () => undefined);
  }

  openSession(database: Database, login: SessionLogin): Session {
    this.#lastSession += 1;
    const session = new Session({ id: this.#lastSession, server: this, database, login, now: new Date(this.clock.now()) });
    this.sessions.set(session.id, session);
    return session;
  }
}
