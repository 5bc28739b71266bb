import type { Catalog } from './catalog.ts';
import type { TableChanges } from './table-changes.ts';

/** What a transaction has changed so far. */
interface Changes {
  readonly catalog: Catalog | undefined;
  readonly tables: ReadonlyMap<number, TableChanges>;
}

let lastId = 0n;

/** One session's transaction: its own copies of what it has changed, which others see when it is committed. */
export class Transaction {
  readonly id: bigint;
  /** How often it was begun; 0 for that of a single statement. */
  count: number;
  /** Of a single statement, which commits it, whatever a trigger begins and commits inside of it. */
  readonly isOfStatement: boolean;
  catalog: Catalog | undefined;
  tables: ReadonlyMap<number, TableChanges> = new Map();
  readonly #savepoints = new Map<string, Changes>();

  /** Of the outermost BEGIN TRANSACTION; '' without one. */
  readonly name: string;

  constructor(count: number, name = '') {
    lastId += 1n;
    this.id = lastId;
    this.count = count;
    this.name = name;
    this.isOfStatement = count === 0;
  }

  save(name: string): void {
    this.#savepoints.set(name, { catalog: this.catalog, tables: this.tables });
  }

  /** False when there is no savepoint of that name. */
  rollBackTo(name: string): boolean {
    const changes = this.#savepoints.get(name);
    if (!changes) return false;
    this.catalog = changes.catalog;
    this.tables = changes.tables;
    return true;
  }
}
