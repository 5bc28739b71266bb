import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import * as statements from '../../../../src/targets/postgres/statements.ts';
import { reading, samples } from './statement-samples.ts';

const file = new URL('statements.snapshot.txt', import.meta.url);
const all = Object.values(samples).flat();

describe('the statements that can be sent to PostgreSQL', () => {
  it('are those of the snapshot; UPDATE_SNAPSHOTS=1 writes it anew', async () => {
    const text = Object.entries(samples)
      .map(([name, forms]) => `-- ${name}\n${forms.map((form) => `${form};\n`).join('')}`)
      .join('\n');
    if (process.env['UPDATE_SNAPSHOTS']) await writeFile(file, text);
    expect(text).to.equal(await readFile(file, 'utf8'));
  });

  it('have a sample for each builder', () => {
    expect(Object.keys(samples)).to.include.members(Object.keys(statements));
  });

  it('never let anybody pass a right on, and never name all objects of a schema', () => {
    for (const statement of Object.entries(samples).flatMap(([name, forms]) => (name in reading ? [] : forms)))
      expect(statement).not.to.match(/GRANT OPTION|ADMIN OPTION|ADMIN TRUE|\bALL (TABLES|SEQUENCES|ROUTINES|FUNCTIONS)\b/);
  });

  it('read only from pg_catalog, by full names, or from what they named themselves', () => {
    for (const statement of Object.values(reading)) {
      const own = [...statement.matchAll(/\b(\w+) AS (?:MATERIALIZED )?\(/g)].map(([, name]) => name);
      const relations = [...statement.matchAll(/(?<!DISTINCT )\b(?:FROM|JOIN) (?!LATERAL|\()([\w.]+)/g)].map(([, name = '']) => name);
      expect(relations.filter((name) => !name.startsWith('pg_catalog.') && !own.includes(name))).to.deep.equal([]);
    }
  });

  it('call functions of pg_catalog by their full names', () => {
    const words = /^(in|any|all|array|exists|as|and|or|values|over|coalesce|on|when|then|from|select|not|lateral|unnest_|cast|u|a|p|c|v)$/i;
    for (const statement of Object.values(reading)) {
      const calls = [...statement.replace(/'[^']*'/g, "''").matchAll(/(?<![\w.])([a-z_]\w*) ?\(/gi)].map(([, name = '']) => name);
      expect(calls.filter((name) => !words.test(name) && !/MATERIALIZED/i.test(name))).to.deep.equal([]);
    }
  });

  it('are one statement each', () => {
    for (const statement of all) expect(statement.replace(/"(?:[^"]|"")*"|E?'(?:[^']|'')*'/g, '')).not.to.include(';');
  });

  it('are made in few files, and sent by one', async () => {
    const folder = new URL('../../../../src/targets/postgres/', import.meta.url);
    const importing = async (pattern: RegExp) => {
      const files = await Promise.all(
        (await readdir(folder)).map(async (name) => ({ name, text: await readFile(new URL(name, folder), 'utf8') })),
      );
      return files.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
    };
    expect(await importing(/import \{[^}]*(?<!type )\b(?:sql|sqlList|quoteLiteral)\b[^}]*\} from '.\/sql.ts'/)).to.deep.equal([
      'grant-queries.ts',
      'list-marked.ts',
      'name-queries.ts',
      'owner-queries.ts',
      'queries.ts',
      'query-parts.ts',
      'role-queries.ts',
      'securable.ts',
      'statements.ts',
    ]);
    expect(await importing(/as Sql\b/)).to.deep.equal(['sql.ts']);
    expect(await importing(/(?:from|import\() ?'pg'/)).to.deep.equal(['session.ts']);
  });
});
