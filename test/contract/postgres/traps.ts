import type pg from 'pg';
import { plantHostileDatabase, type Query } from '../../fixtures/hostile-database.ts';
import { samples } from '../../unit/targets/postgres/statement-samples.ts';
import type { Traps } from '../target/engine.ts';

/** Lays out everything that an application may against the operator's statements; `lookLater` reads the catalogs. */
export async function plantTraps(attacker: pg.Client, lookLater: Query): Promise<Traps> {
  const query = async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
    (await attacker.query(sql, [...values])).rows as Row[];
  const hostile = await plantHostileDatabase(query, { statements: Object.values(samples).flat(), schema: 'public' });
  return { count: hostile.traps, gained: () => hostile.gained(lookLater) };
}
