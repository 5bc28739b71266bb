import type { ApplicationSession, Deed } from '../target/engine.ts';
import { routineSchema } from './administrator.ts';
import { id, type SqlClient } from './client.ts';

const statements: Readonly<Record<Deed, (name: string) => string>> = {
  read: (name) => `SELECT id FROM ${name}`,
  insert: (name) => `INSERT INTO ${name} (id) VALUES (1)`,
  // without WHERE, which would need SELECT as well
  update: (name) => `UPDATE ${name} SET id = 2`,
  delete: (name) => `DELETE FROM ${name}`,
  'create table': (name) => `CREATE TABLE ${name} (id int)`,
  'drop table': (name) => `DROP TABLE ${name}`,
  run: (name) => `EXEC ${name}`,
};

/** On an object, on the database, and for what one may not even see: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors */
const denials: readonly number[] = [229, 230, 262, 2760, 3701, 2714];

/** A session of an application. */
export class AzureSqlApplication implements ApplicationSession {
  readonly client: SqlClient;

  constructor(client: SqlClient) {
    this.client = client;
  }

  async can(deed: Deed, name: string): Promise<boolean> {
    try {
      await this.client.query(statements[deed](`${deed === 'run' ? routineSchema : 'dbo'}.${id(name)}`));
      return true;
    } catch (error) {
      if (denials.includes(numberIn(error) ?? 0)) return false;
      throw error;
    }
  }

  async isAlive(): Promise<boolean> {
    return await this.client.query('SELECT 1 AS one').then(
      () => true,
      () => false,
    );
  }

  async beginInsert(table: string): Promise<void> {
    await this.client.query('BEGIN TRANSACTION');
    await this.client.query(statements.insert(`dbo.${id(table)}`));
  }

  /** Who makes a schema owns it, and so what is in it. */
  async ownSomething(name: string): Promise<void> {
    await this.client.query(`CREATE SCHEMA ${id(name)}`);
    await this.client.query(`CREATE TABLE ${id(name)}.${id(name)} (id int)`);
  }

  async close(): Promise<void> {
    this.client.close();
  }
}

/** The server's number for what went wrong. */
export function numberIn(error: unknown): number | undefined {
  const { number } = (error instanceof AggregateError ? error.errors[0] : error) as { readonly number?: number };
  return number;
}
