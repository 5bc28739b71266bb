import { expect } from 'chai';
import { SqlError } from '../../sandbox/azure-sql/sql-error.ts';
import { parseBatch, statementShapes } from '../../sandbox/azure-sql/statement-shapes.ts';
import { TokenCursor } from '../../sandbox/azure-sql/token-cursor.ts';
import { tokensOf } from '../../sandbox/azure-sql/tokenizer.ts';

describe('reading T-SQL', () => {
  const tokens: readonly [string, readonly string[]][] = [
    ['SELECT [a]]b], "c""d"', ['word SELECT', 'name a]b', 'symbol ,', 'name c"d']],
    ["N'it''s' 'x' 0xAbC", ["national text it's", 'text x', 'binary AbC']],
    ['@p1 @@SPID 1.5 2e3 .5', ['variable @p1', 'variable @@SPID', 'number 1.5', 'number 2e3', 'number .5']],
    ['a -- to the end\nb /* in /* each */ other */ c', ['word a', 'word b', 'word c']],
    ['SCHEMA::[s]<>x', ['word SCHEMA', 'symbol ::', 'name s', 'symbol <>', 'word x']],
    ['Größe', ['word Größe']],
  ];
  for (const [sql, expected] of tokens) {
    it(`cuts ${JSON.stringify(sql)}`, () => {
      expect(
        tokensOf(sql)
          .slice(0, -1)
          .map(({ kind, value }) => `${kind} ${value}`),
      ).to.deep.equal(expected);
    });
  }

  it('takes double quotes for a text where QUOTED_IDENTIFIER is off', () => {
    expect(tokensOf('"a"', { quotedIdentifier: false })[0]).to.include({ kind: 'text', value: 'a' });
  });

  /** The number of statements, or the error. */
  const batches: readonly [string, number | readonly [number, string]][] = [
    ['', 0],
    [';;', 0],
    ['SELECT 1 SELECT 2; SELECT 3', 3],
    ['CREATE USER [u] WITH SID = 0x0102, TYPE = E; ALTER ROLE [r] ADD MEMBER [u]', 2],
    ['BEGIN TRANSACTION; IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION', 2],
    ['IF 1 = 1 BEGIN SELECT 1; SELECT 2 END ELSE SELECT 3', 1],
    ['GRANT SELECT, VIEW DEFINITION ON SCHEMA::[s] TO [a], [b] WITH GRANT OPTION', 1],
    ['REVOKE GRANT OPTION FOR SELECT ([c]) ON OBJECT::[s].[o] FROM [u] CASCADE AS [g]', 1],
    ["EXEC @r = sys.sp_getapplock @Resource = N'x', @LockMode = 'Exclusive'", 1],
    ['CREATE PROCEDURE p AS SELECT 1 SELECT 2', 1],
    ['set nocount on set xact_abort on', 2],
    ['SELEC 1', [102, 'SELEC']],
    ['SELECT 1 FROM', [102, 'FROM']],
    ['SELECT FROM t', [156, 'FROM']],
    ['SELECT (1', [102, '1']],
    ['SELECT 1 = 1', [102, '=']],
    ['SELECT a WHERE (1 = 1) + 1 = 2', [102, '+']],
    ['SELECT 1 WHERE 1', [4145, '']],
    ['SELECT * FROM t WITH (NOLOCK)', [102, 'WITH']],
    ['DROP USER', [102, 'USER']],
    ['DROP USER [a], [b]', [102, ',']],
    ["CREATE USER [u] WITH PASSWORD = 'x'", [102, 'PASSWORD']],
    ['CREATE USER [u] WITH SID = 0x01', [102, '0x01'.slice(2)]],
    ['CREATE USER [u] WITH SID = @sid, TYPE = E', [102, '@sid']],
    ['CREATE LOGIN [l] FROM EXTERNAL PROVIDER', [102, 'LOGIN']],
    ['GRANT JUGGLE TO [u]', [102, 'JUGGLE']],
    ['GRANT SELECT ON SCHEMA::[s]', [102, 's']],
    ['SELECT 1; CREATE SCHEMA s', [111, 'CREATE SCHEMA']],
    ['ALTER DATABASE orders SET RECOVERY SIMPLE', [102, 'DATABASE']],
    ['MERGE t USING s ON 1 = 1', [102, 'MERGE']],
    ["SELECT 'open", [105, 'open']],
    ['SELECT 1 /* open', [113, '']],
    ['SELECT []', [1038, '']],
    [`SELECT [${'x'.repeat(129)}]`, [103, 'x'.repeat(128)]],
    ['SELECT ☕', [102, '☕']],
  ];
  for (const [sql, expected] of batches) {
    it(`${typeof expected === 'number' ? 'reads' : 'refuses'} ${JSON.stringify(sql).slice(0, 90)}`, () => {
      if (typeof expected === 'number') {
        expect(parse(sql)).to.have.length(expected);
        return;
      }
      const [number, near] = expected;
      const error = errorOf(() => parse(sql));
      expect(error).to.include({ number, class: 15 });
      expect(error.message).to.include(near);
    });
  }

  it('knows each form of statement by the words that it begins with', () => {
    const begins = statementShapes().map((shape) => shape.begins.join(' '));
    expect(begins.filter((each, index) => begins.indexOf(each) !== index)).to.deep.equal([]);
  });
});

function parse(sql: string) {
  return parseBatch(new TokenCursor(sql, { quotedIdentifier: true }));
}

function errorOf(run: () => unknown): SqlError {
  try {
    run();
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
