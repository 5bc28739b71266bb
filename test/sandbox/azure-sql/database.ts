import { randomUUID } from 'node:crypto';
import { Catalog } from './catalog.ts';
import { Locks } from './locks.ts';
import type { TableRow } from './table-changes.ts';

/** What all sessions see. */
export interface DatabaseState {
  readonly catalog: Catalog;
  /** Rows of tables, by their ids. */
  readonly tables: ReadonlyMap<number, readonly TableRow[]>;
}

/** The compute of a serverless database, which goes to sleep and comes back. */
export type DatabaseStatus = 'Online' | 'Paused' | 'Resuming';

/** One database of a server. */
export class Database {
  readonly name: string;
  readonly id: number;
  readonly collation: string;
  readonly createdAt: Date;
  /** As sys.databases has it: a copy or a restored database gets another one. */
  readonly brokerId = randomUUID().toUpperCase();
  readonly locks = new Locks();
  /** The last identity value of each table; rolling back does not give one back. */
  readonly identities = new Map<number, number>();
  state: DatabaseState;
  status: DatabaseStatus = 'Online';

  constructor({
    name,
    id,
    collation = 'SQL_Latin1_General_CP1_CI_AS',
    now,
  }: { readonly name: string; readonly id: number; readonly collation?: string; readonly now: Date }) {
    this.name = name;
    this.id = id;
    this.collation = collation;
    this.createdAt = now;
    this.state = { catalog: Catalog.create({ isCaseSensitive: /_(CS|BIN2?)(_|$)/i.test(collation), now }), tables: new Map() };
  }
}
