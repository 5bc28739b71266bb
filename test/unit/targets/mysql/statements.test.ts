import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import * as queries from '../../../../src/targets/mysql/queries.ts';
import * as rightQueries from '../../../../src/targets/mysql/rights-queries.ts';
import * as statements from '../../../../src/targets/mysql/statements.ts';
import { reading, samples } from './statement-samples.ts';

const file = new URL('statements.snapshot.txt', import.meta.url);
const all = Object.values(samples).flat();
const withoutTexts = (statement: string) => statement.replace(/`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'/g, "''");

describe('the statements that can be sent to MySQL', () => {
  it('are those of the snapshot; UPDATE_SNAPSHOTS=1 writes it anew', async () => {
    const text = Object.entries(samples)
      .map(([name, forms]) => `-- ${name}\n${forms.map((form) => `${form};\n`).join('')}`)
      .join('\n');
    if (process.env['UPDATE_SNAPSHOTS']) await writeFile(file, text);
    expect(text).to.equal(await readFile(file, 'utf8'));
  });

  it('have a sample for each builder', () => {
    const readers = [...Object.keys(queries), ...Object.keys(rightQueries)].filter((name) => name.startsWith('read'));
    expect(Object.keys(samples)).to.include.members([...Object.keys(statements), ...readers]);
  });

  it('never let anybody pass a right on, and never give all that there is', () => {
    for (const statement of all)
      expect(withoutTexts(statement)).not.to.match(/WITH (GRANT|ADMIN) OPTION|GRANT ALL|GRANT [^R]*GRANT OPTION.* TO /);
  });

  it('refuse to be made for the right to pass rights on', () => {
    expect(() => statements.grant(['SELECT', 'GRANT OPTION'], { kind: 'database', pattern: 'orders' }, 'u')).to.throw(TypeError);
  });

  it('read from mysql and information_schema, by full names, or from what they named themselves', () => {
    for (const statement of Object.values(reading).flat().map(withoutTexts)) {
      const own = [...statement.matchAll(/\b(\w+) AS \(/g)].map(([, name]) => name);
      const relations = [...statement.matchAll(/\b(?:FROM|JOIN) ([\w.]+)/g)].map(([, name = '']) => name);
      expect(relations.filter((name) => !/^(mysql|information_schema)\.\w+$/.test(name) && !own.includes(name))).to.deep.equal([]);
    }
  });

  it('are one statement each', () => {
    for (const statement of all) expect(withoutTexts(statement)).not.to.include(';');
  });

  it('are made in few files, and sent by one', async () => {
    const folder = new URL('../../../../src/targets/mysql/', import.meta.url);
    const importing = async (pattern: RegExp) => {
      const files = await Promise.all(
        (await readdir(folder)).map(async (name) => ({ name, text: await readFile(new URL(name, folder), 'utf8') })),
      );
      return files.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
    };
    expect(await importing(/import \{[^}]*(?<!type )\b(?:sql|sqlList|quoteLiteral)\b[^}]*\} from '.\/sql.ts'/)).to.deep.equal([
      'queries.ts',
      'rights-queries.ts',
      'role-queries.ts',
      'securable.ts',
      'session-settings.ts',
      'statements.ts',
    ]);
    expect(await importing(/as Sql\b/)).to.deep.equal(['sql.ts']);
    expect(await importing(/^import (?!type )[^;]*from 'mysql2|import\('mysql2/m)).to.deep.equal(['session.ts']);
  });
});
