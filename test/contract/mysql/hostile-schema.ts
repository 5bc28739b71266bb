import type { Connection } from 'mysql2/promise';
import { samples } from '../../unit/targets/mysql/statement-samples.ts';
import type { Traps } from '../target/engine.ts';
import { id } from './administrator.ts';
import type { ShopServer } from './shop-server.ts';

/**
 * Gives everything that the operator's statements name a namesake in an application's own database: functions, procedures and views that note, with the rights of whoever
 * steps on them, who that was. They work where somebody has selected that database, or takes a name from it.
 */
export async function plantTraps(
  attacker: Connection,
  { query, database }: Pick<ShopServer, 'query'> & { readonly database: string },
): Promise<Traps> {
  await attacker.query('CREATE TABLE loot (who varchar(288), what varchar(64))');
  await attacker.query(`CREATE FUNCTION snare(what varchar(64)) RETURNS int NOT DETERMINISTIC MODIFIES SQL DATA SQL SECURITY INVOKER
    BEGIN INSERT INTO ${id(database)}.loot VALUES (CURRENT_USER(), what); RETURN 1; END`);
  let count = 0;
  const plant = async (statement: string) => {
    // not every name is free
    const isPlanted = await attacker.query(statement).then(
      () => true,
      () => false,
    );
    if (isPlanted) count += 1;
  };
  for (const name of namesIn(Object.values(samples).flat())) {
    const spring = `snare('${name}')`;
    await plant(
      `CREATE FUNCTION ${id(name)}(x text) RETURNS text NOT DETERMINISTIC MODIFIES SQL DATA SQL SECURITY INVOKER RETURN ${spring}`,
    );
    await plant(`CREATE PROCEDURE ${id(name)}(x text) MODIFIES SQL DATA SQL SECURITY INVOKER DO ${spring}`);
    await plant(
      `CREATE SQL SECURITY INVOKER VIEW ${id(name)} AS SELECT ${spring} AS User, '%' AS Host, ${id(database)}.snare('row') AS Db`,
    );
  }
  // somebody who has the database selected, and names a table of the catalogs without its schema
  await attacker.query('SELECT * FROM `user`');
  await attacker.query("SELECT az_kill('1')");
  const sprung = await query<{ who: string; what: string }>(`SELECT who, what FROM ${id(database)}.loot`);
  const own = sprung[0]?.who;
  if (!['user', 'az_kill'].every((name) => sprung.some(({ what }) => what === name))) throw new Error('the traps do not work');
  return {
    count,
    gained: async () => {
      const loot = await query<{ who: string; what: string }>(`SELECT who, what FROM ${id(database)}.loot WHERE who <> ?`, [own]);
      return loot.map(({ who, what }) => `${who} stepped on ${what}`);
    },
  };
}

/** Words of statements, outside of strings. */
function namesIn(statements: readonly string[]): ReadonlySet<string> {
  const words = statements.flatMap((text) => text.replaceAll(/'(?:[^'\\]|''|\\.)*'/g, "''").match(/[A-Za-z_]\w{1,63}/g) ?? []);
  return new Set(words.map((word) => word.toLowerCase()).filter((word) => !['loot', 'snare'].includes(word)));
}
