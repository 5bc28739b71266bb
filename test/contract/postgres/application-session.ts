import pg from 'pg';
import { sqlState } from '../../../src/targets/postgres/errors.ts';
import type { ApplicationSession, Deed } from '../target/engine.ts';
import { isAlive } from './shop-server.ts';

const statements: Readonly<Record<Deed, (name: string) => string>> = {
  read: (name) => `SELECT * FROM public.${name}`,
  insert: (name) => `INSERT INTO public.${name} VALUES (1)`,
  update: (name) => `UPDATE public.${name} SET id = 2`,
  delete: (name) => `DELETE FROM public.${name}`,
  'create table': (name) => `CREATE TABLE public.${name} (id int)`,
  'drop table': (name) => `DROP TABLE public.${name}`,
  run: (name) => `SELECT public.${name}()`,
};

/** A session of the driver that most applications on Node use. */
export class PostgresApplication implements ApplicationSession {
  readonly client: pg.Client;

  constructor(client: pg.Client) {
    this.client = client;
  }

  async can(deed: Deed, name: string): Promise<boolean> {
    try {
      await this.client.query(statements[deed](pg.escapeIdentifier(name)));
      return true;
    } catch (error) {
      if (sqlState(error) === '42501') return false;
      throw error;
    }
  }

  isAlive(): Promise<boolean> {
    return isAlive(this.client);
  }

  async beginInsert(table: string): Promise<void> {
    await this.client.query('BEGIN');
    await this.client.query(statements.insert(pg.escapeIdentifier(table)));
  }

  async ownSomething(name: string): Promise<void> {
    await this.client.query(statements['create table'](pg.escapeIdentifier(name)));
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}
