import { escapeId, type QueryError } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import type { ApplicationSession, Deed } from '../target/engine.ts';

/** By unqualified names, so that what the server remembers of the database that was selected counts. */
const statements: Readonly<Record<Exclude<Deed, 'run'>, (name: string) => string>> = {
  read: (name) => `SELECT * FROM ${name}`,
  insert: (name) => `INSERT INTO ${name} VALUES (1)`,
  update: (name) => `UPDATE ${name} SET id = 2`,
  delete: (name) => `DELETE FROM ${name}`,
  'create table': (name) => `CREATE TABLE ${name} (id int)`,
  'drop table': (name) => `DROP TABLE ${name}`,
};

/** On a database, a table, a column, a routine, and for lack of a privilege that isn't about any: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html */
export const denials: readonly number[] = [1044, 1142, 1143, 1370, 1227];

/** A session of the driver that most applications on Node use. */
export class MysqlApplication implements ApplicationSession {
  readonly client: Connection;

  constructor(client: Connection) {
    this.client = client;
  }

  async can(deed: Deed, name: string): Promise<boolean> {
    const id = escapeId(name, true);
    if (deed !== 'run') return await this.#may(statements[deed](id));
    const [runsFunction, runsProcedure] = [await this.#may(`SELECT ${id}()`), await this.#may(`CALL ${id}()`)];
    if (runsFunction !== runsProcedure) throw new Error(`of function and procedure ${name} only one may be run`);
    return runsFunction;
  }

  async #may(statement: string): Promise<boolean> {
    try {
      await this.client.query(statement);
      return true;
    } catch (error) {
      if (denials.includes(errnoOf(error) ?? 0)) return false;
      throw error;
    }
  }

  async isAlive(): Promise<boolean> {
    return await this.client.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  async beginInsert(table: string): Promise<void> {
    await this.client.beginTransaction();
    await this.client.query(statements.insert(escapeId(table, true)));
  }

  /** A view works with the rights of the user who made it. */
  async ownSomething(name: string): Promise<void> {
    await this.client.query(`CREATE VIEW ${escapeId(name, true)} AS SELECT 1 AS id`);
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}

/** The server's number for what went wrong. */
export function errnoOf(error: unknown): number | undefined {
  return (error as Partial<QueryError> | undefined)?.errno;
}
