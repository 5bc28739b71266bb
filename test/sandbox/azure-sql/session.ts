import type { Catalog } from './catalog.ts';
import type { Database } from './database.ts';
import { errors } from './errors.ts';
import { PreparedStatements } from './prepared-statements.ts';
import type { SqlServer } from './sql-server.ts';
import { changedRows, committedRow, noChanges, type TableChanges, type TableRow, withReplaced } from './table-changes.ts';
import { Transaction } from './transaction.ts';
import { dbo } from './well-known.ts';
import type { Change } from './wire/tokens.ts';

/** Who has logged in. */
export interface SessionLogin {
  readonly clientId: string;
  /** As SUSER_SNAME() tells an application: `<client id>@<tenant id>`. */
  readonly name: string;
  readonly sid: Buffer;
  /** The server's Entra administrator is dbo everywhere. */
  readonly isAdministrator: boolean;
  /** Undefined for the administrator. */
  readonly principal: number | undefined;
  readonly host: string;
  readonly application: string;
}

/** What SET changes. */
export interface SessionSettings {
  xactAbort: boolean;
  quotedIdentifier: boolean;
  noCount: boolean;
  implicitTransactions: boolean;
  arithAbort: boolean;
  cursorCloseOnCommit: boolean;
  /** In milliseconds; -1 for ever. */
  lockTimeout: number;
}

const afterLogin: SessionSettings = {
  xactAbort: false,
  quotedIdentifier: true,
  noCount: false,
  implicitTransactions: false,
  arithAbort: false,
  cursorCloseOnCommit: false,
  lockTimeout: -1,
};

/** Numbers for rows, by which they are locked. */
const rowIds = {
  known: new WeakMap<TableRow, number>(),
  last: 0,
  of(row: TableRow): number {
    const known = this.known.get(row);
    if (known !== undefined) return known;
    this.last += 1;
    this.known.set(row, this.last);
    return this.last;
  },
};

/** One client's session in one database. */
export class Session {
  readonly id: number;
  readonly server: SqlServer;
  readonly database: Database;
  readonly login: SessionLogin;
  readonly startedAt: Date;
  readonly settings: SessionSettings = { ...afterLogin };
  /** Principals that it executes as, the last one now. */
  readonly impersonated: number[] = [];
  transaction: Transaction | undefined;
  rowCount = 0;
  lastError = 0;
  lastIdentity: number | null = null;
  readonly prepared = new PreparedStatements();
  /** Names of locks that outlive its transactions. */
  readonly ownLocks = new Set<string>();
  readonly #killed = new AbortController();

  constructor({
    id,
    server,
    database,
    login,
    now,
  }: { readonly id: number; readonly server: SqlServer; readonly database: Database; readonly login: SessionLogin; readonly now: Date }) {
    this.id = id;
    this.server = server;
    this.database = database;
    this.login = login;
    this.startedAt = now;
  }

  /** Aborted when somebody kills the session. */
  get killed(): AbortSignal {
    return this.#killed.signal;
  }

  kill(): void {
    this.#killed.abort(errors.killed());
  }

  /** The catalog as this session sees it: with what it has changed itself. */
  get catalog(): Catalog {
    return this.transaction?.catalog ?? this.database.state.catalog;
  }

  /** The principal that it is, or executes as. */
  get principal(): number {
    return this.impersonated.at(-1) ?? this.login.principal ?? dbo;
  }

  /** The rows of a table as this session sees them. */
  tableRows(id: number): readonly TableRow[] {
    return changedRows(this.database.state.tables.get(id) ?? [], this.transaction?.tables.get(id) ?? noChanges);
  }

  /** Throws 916 when the user that it logged in as is gone. */
  assertUserExists(): void {
    const { principal, name, sid } = this.login;
    const user = principal === undefined ? undefined : this.catalog.principals.get(principal);
    if (principal !== undefined && !user?.sid?.subarray(0, 16).equals(sid)) throw errors.noAccess(name, this.database.name);
  }

  /** Changes the catalog as a whole or not at all. One session at a time does so, until its transaction ends. */
  async changeCatalog<T>(change: (catalog: Catalog) => T, options: { readonly signal: AbortSignal }): Promise<T> {
    await this.#lock('catalog', options);
    const copy = this.catalog.copy();
    const result = change(copy);
    this.#inTransaction.catalog = copy;
    return result;
  }

  /**
   * Adds rows to a table. `decide` gets the rows that are there. Each of `keys` is this session's alone until its transaction ends, so that two sessions don't add the same
   * one; inserts wait for nothing else.
   */
  async insertRows(
    id: number,
    keys: readonly string[],
    decide: (rows: readonly TableRow[]) => readonly TableRow[],
    options: { readonly signal: AbortSignal },
  ): Promise<void> {
    for (const key of keys) await this.#lock(`key ${id} ${key}`, options);
    const changes = this.#changesOf(id);
    this.#setChanges(id, { ...changes, inserted: [...changes.inserted, ...decide(this.tableRows(id))] });
  }

  /**
   * Replaces rows of a table, or deletes those that `decide` gives null for. They are this session's alone until its transaction ends; when it had to wait for one, `decide`
   * looks again.
   */
  async replaceRows(
    id: number,
    decide: (rows: readonly TableRow[]) => ReadonlyMap<TableRow, TableRow | null>,
    options: { readonly signal: AbortSignal },
  ): Promise<number> {
    for (;;) {
      const changes = this.#changesOf(id);
      const decided = decide(this.tableRows(id));
      let hasWaited = false;
      for (const row of decided.keys()) {
        const committed = committedRow(row, changes);
        if (committed) hasWaited = (await this.#lock(`row ${rowIds.of(committed)}`, options)) || hasWaited;
      }
      if (hasWaited) continue;
      this.#setChanges(id, withReplaced(changes, decided));
      return decided.size;
    }
  }

  begin(name = ''): Change {
    const transaction = new Transaction(1, name);
    this.transaction = transaction;
    return { kind: 'transaction begun', id: transaction.id };
  }

  /** Lets all others see what the transaction has changed. */
  commit(): Change {
    const { id, catalog, tables } = this.#inTransaction;
    const { state } = this.database;
    const changed = [...tables].map(([table, changes]) => [table, changedRows(state.tables.get(table) ?? [], changes)] as const);
    this.database.state = { catalog: catalog ?? state.catalog, tables: new Map([...state.tables, ...changed]) };
    this.#endTransaction();
    return { kind: 'transaction committed', id };
  }

  rollBack(): Change {
    const { id } = this.#inTransaction;
    this.#endTransaction();
    return { kind: 'transaction rolled back', id };
  }

  /** As after login: [MS-TDS] 2.2.3.1.2. */
  reset(): void {
    if (this.transaction) this.rollBack();
    Object.assign(this.settings, afterLogin);
    this.impersonated.length = 0;
    this.ownLocks.clear();
    this.prepared.clear();
    this.database.locks.releaseAll(this.id);
  }

  /** Nothing is left of it. */
  close(): void {
    this.reset();
    this.server.sessions.delete(this.id);
  }

  get #inTransaction(): Transaction {
    if (!this.transaction) throw new Error('changes are made in a transaction');
    return this.transaction;
  }

  #changesOf(table: number): TableChanges {
    return this.#inTransaction.tables.get(table) ?? noChanges;
  }

  #setChanges(table: number, changes: TableChanges): void {
    this.#inTransaction.tables = new Map([...this.#inTransaction.tables, [table, changes]]);
  }

  /** Whether it had to wait. */
  #lock(name: string, { signal }: { readonly signal: AbortSignal }): Promise<boolean> {
    return this.database.locks.take(name, this.id, { timeoutInMs: this.settings.lockTimeout, signal });
  }

  #endTransaction(): void {
    this.transaction = undefined;
    this.database.locks.releaseAll(this.id, (name) => !this.ownLocks.has(name));
  }
}
