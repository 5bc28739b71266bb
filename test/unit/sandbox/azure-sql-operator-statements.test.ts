import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseBatch } from '../../sandbox/azure-sql/statement-shapes.ts';
import { declaredVariables } from '../../sandbox/azure-sql/system-procedures.ts';
import { TokenCursor } from '../../sandbox/azure-sql/token-cursor.ts';
import { openSession, runIn } from './azure-sql-engine.ts';

const snapshot = readFileSync(new URL('../targets/azure-sql/statements.snapshot.txt', import.meta.url), 'utf8');

/** The operator's statements, by their names. */
const statements = snapshot
  .split(/^-- (?=\w+$)/m)
  .slice(1)
  .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trim()] as const);

describe('the operator’s statements for Azure SQL', () => {
  it('are all in the snapshot that is read here', () => {
    expect(statements.map(([name]) => name)).to.include.members(['createUser', 'dropUser', 'grant', 'setMark']);
  });

  for (const [name, sql] of statements) {
    it(`can be read: ${name}`, () => {
      expect(parseBatch(new TokenCursor(sql, { quotedIdentifier: true }))).to.not.have.length(0);
    });
  }

  for (const [name, sql] of statements.filter(([, each]) => /^SELECT\b/.test(each))) {
    it(`are answered: ${name}`, async () => {
      const parameters = [...new Set(sql.match(/@p\d+/g))].map((each) => `DECLARE ${each} nvarchar(100) = NULL;`);
      for (const each of sql.split(/;\n(?=SELECT\b)/)) {
        const { errors } = await runIn(openSession(), `${parameters.join(' ')}\n${each}`);
        expect(errors).to.deep.equal([]);
      }
    });
  }
});

describe('parameters of sp_executesql', () => {
  const given = (name: string | undefined, value: string) => ({ name, type: { name: 'nvarchar', length: 10 } as const, value });
  it('go by name or by place', () => {
    const variables = declaredVariables('@a nvarchar(10), @b int', [given('@b', '7'), given('@a', 'x')]);
    expect([variables.get('@a')?.value, variables.get('@b')?.value]).to.deep.equal(['x', 7]);
    expect(declaredVariables('@a nvarchar(10)', [given(undefined, 'x')]).get('@a')?.value).to.equal('x');
  });

  it('must all be there', () => {
    expect(() => declaredVariables('@a int', [])).to.throw(/expects the parameter '@a'/);
  });
});
