import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import * as statements from '../../../../src/targets/azure-sql/statements.ts';
import { reading, samples } from './statement-samples.ts';

const file = new URL('statements.snapshot.txt', import.meta.url);

describe('the statements that can be sent to Azure SQL', () => {
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

  it('let nobody pass a right on, but for giving others again what they had', () => {
    const passing = Object.entries(samples).filter(([, forms]) => forms.some((form) => /WITH GRANT OPTION/.test(form)));
    expect(passing.map(([name]) => name)).to.deep.equal(['grant']);
    expect(statements.grant(['SELECT'], { kind: 'schema', name: 'app' }, 'u')).not.to.include('OPTION');
  });

  it('read only from views of schema sys, by full names', () => {
    for (const statement of Object.values(reading).flat()) {
      const relations = [...statement.matchAll(/\b(?:FROM|JOIN) (?!\()([\w.]+)/g)].map(([, name = '']) => name);
      expect(relations.filter((name) => !name.startsWith('sys.'))).to.deep.equal([]);
    }
  });

  it('are one statement each', () => {
    for (const statement of Object.values(samples).flat())
      expect(statement.replace(/\[(?:[^\]]|\]\])*\]|N?'(?:[^']|'')*'/g, '')).not.to.include(';');
  });

  it('are made in few files, and sent by one', async () => {
    const folder = new URL('../../../../src/targets/azure-sql/', import.meta.url);
    const importing = async (pattern: RegExp) => {
      const files = await Promise.all(
        (await readdir(folder)).map(async (name) => ({ name, text: await readFile(new URL(name, folder), 'utf8') })),
      );
      return files.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
    };
    expect(await importing(/import \{[^}]*(?<!type )\b(?:sql|sqlList|quoteLiteral)\b[^}]*\} from '.\/sql.ts'/)).to.deep.equal([
      'queries.ts',
      'securable.ts',
      'session-settings.ts',
      'statements.ts',
    ]);
    expect(await importing(/as Sql\b/)).to.deep.equal(['sql.ts']);
    expect(await importing(/import\('tedious'\);/)).to.deep.equal(['session.ts']);
  });
});
