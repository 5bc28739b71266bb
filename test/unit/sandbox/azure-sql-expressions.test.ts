import { expect } from 'chai';
import type { SqlValue } from '../../sandbox/azure-sql/sql-type.ts';
import { openSession, runIn } from './azure-sql-engine.ts';

describe('expressions of T-SQL', () => {
  const guid = '01234567-89AB-CDEF-0123-456789ABCDEF';
  const table: readonly [string, SqlValue | { readonly error: number }][] = [
    ['1 + 2 * 3', 7],
    ['7 / 2', 3],
    ['7 / 2.0', 3.5],
    ['-7 % 3', -1],
    ["N'a' + 'b'", 'ab'],
    ["'1' + 1", 2],
    ["'a' + NULL", null],
    ['0x0A + 0x0B', Buffer.from([10, 11])],
    ['6 & 3', 2],
    ['1 / 0', { error: 8134 }],
    ["'x' + 1", { error: 245 }],
    ['2147483647 + 1', { error: 8115 }],
    ["CASE WHEN NULL = NULL THEN 'same' ELSE 'unknown' END", 'unknown'],
    ["CASE WHEN N'a' = N'A  ' THEN 1 ELSE 0 END", 1],
    ["CASE WHEN 'b' > 'A' THEN 1 ELSE 0 END", 1],
    ["CASE WHEN 'abc' LIKE 'A_[a-d]' THEN 1 ELSE 0 END", 1],
    ["CASE WHEN 'a%c' LIKE 'a!%c' ESCAPE '!' THEN 1 ELSE 0 END", 1],
    ['CASE WHEN 2 IN (1, NULL) THEN 1 WHEN NOT (2 IN (1, NULL)) THEN 2 ELSE 3 END', 3],
    ['CASE WHEN 2 BETWEEN 1 AND 3 THEN 1 END', 1],
    ["IIF(1 = 2, 'yes', 'no')", 'no'],
    ['CASE 2 WHEN 1 THEN 10 WHEN 2 THEN 20 END', 20],
    [`CAST(0x67452301AB89EFCD0123456789ABCDEF AS uniqueidentifier)`, guid],
    [`CAST(CAST('${guid.toLowerCase()}' AS uniqueidentifier) AS varbinary(16))`, Buffer.from('67452301AB89EFCD0123456789ABCDEF', 'hex')],
    ["CAST('x' AS uniqueidentifier)", { error: 8169 }],
    ["TRY_CAST('x' AS int)", null],
    ["CAST('x' AS int)", { error: 245 }],
    ['CAST(300 AS tinyint)', { error: 8115 }],
    ['CAST(258 AS binary(2))', Buffer.from([1, 2])],
    ["CAST('abcdef' AS varchar(3))", 'abc'],
    ['CONVERT(varchar(10), 0x01FF, 1)', '0x01FF'],
    ["CONVERT(varbinary(10), '0x01FF', 1)", Buffer.from([1, 255])],
    ['1 + CAST(1 AS uniqueidentifier)', { error: 529 }],
    [`COALESCE(1, CAST('${guid}' AS uniqueidentifier))`, { error: 206 }],
    ["ISNULL(NULLIF('a', 'A'), 'b')", 'b'],
    ["QUOTENAME('a]b')", '[a]]b]'],
    ["SUBSTRING('abcdef', 2, 3)", 'bcd'],
    ['SUBSTRING(0x01020304, 2, 2)', Buffer.from([2, 3])],
    ["LEN('ab  ')", 2],
    ["DATALENGTH(N'ab')", 4],
    ["CONCAT('a', NULL, 1)", 'a1'],
    ["HASHBYTES('SHA2_256', 'abc')", Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex')],
    ['(SELECT COUNT(*) FROM (VALUES (1), (2), (2)) AS v (n) WHERE n > 1)', 2],
    ['(SELECT MAX(n) FROM (VALUES (1), (NULL), (2)) AS v (n))', 2],
    ["(SELECT STRING_AGG(n, ',') FROM (SELECT DISTINCT n FROM (VALUES ('b'), ('B'), ('a')) AS v (n)) AS d)", 'b,a'],
    ['(SELECT n FROM (VALUES (1), (2)) AS v (n))', { error: 512 }],
    ['(SELECT TOP (1) n FROM (VALUES (1), (2)) AS v (n) ORDER BY n DESC)', 2],
    ['(SELECT COUNT(*) FROM (SELECT 1 AS n UNION SELECT 1 UNION ALL SELECT 1) AS u)', 2],
    ['(SELECT COUNT(*) FROM (VALUES (1), (2)) AS a (n) LEFT JOIN (VALUES (2)) AS b (n) ON b.n = a.n WHERE b.n IS NULL)', 1],
    ['(SELECT SUM(a.n * b.n) FROM (VALUES (1), (2)) AS a (n) CROSS JOIN (VALUES (3), (4)) AS b (n))', 21],
    ['(SELECT COUNT(*) FROM (VALUES (1), (2)) AS a (n) WHERE EXISTS (SELECT 1 FROM (VALUES (2)) AS b (n) WHERE b.n = a.n))', 1],
    ['(SELECT a.n FROM (VALUES (1)) AS a (n), (VALUES (2)) AS b (n) WHERE n = 1)', { error: 209 }],
    ['(SELECT 1, 2)', { error: 116 }],
    ['nothing(1)', { error: 195 }],
    ['LEN()', { error: 174 }],
    ['@nobody', { error: 137 }],
    ['@@nothing', { error: 137 }],
    ["DB_NAME() + N'/' + USER_NAME()", 'orders/dbo'],
    ["HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'CONTROL')", 1],
    ["HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'JUGGLE')", null],
  ];
  for (const [expression, expected] of table) {
    it(`works out ${expression}`, async () => {
      const { rows, errors } = await runIn(openSession(), `SELECT ${expression}`);
      if (expected !== null && typeof expected === 'object' && 'error' in expected) expect(errors).to.deep.equal([expected.error]);
      else expect({ value: rows[0]?.[0], errors }).to.deep.equal({ value: expected, errors: [] });
    });
  }

  const groups: readonly [string, readonly (readonly SqlValue[])[] | number][] = [
    [
      "SELECT n, COUNT(*) FROM (VALUES ('a'), ('b'), ('A')) AS v (n) GROUP BY n ORDER BY 2 DESC",
      [
        ['a', 2],
        ['b', 1],
      ],
    ],
    ["SELECT n FROM (VALUES ('a'), ('b'), ('A')) AS v (n) GROUP BY n HAVING COUNT(*) > 1", [['a']]],
    ['SELECT n, m FROM (VALUES (1, 2)) AS v (n, m) GROUP BY n', 8120],
    ['SELECT COUNT(*) FROM (VALUES (1)) AS v (n) WHERE n > 1', [[0]]],
    ['SELECT 1 WHERE COUNT(*) = 1', 147],
    ["SELECT NULL UNION ALL SELECT N'a' UNION ALL SELECT NULL", [[null], ['a'], [null]]],
    ['SELECT 1, 2 UNION SELECT 1', 205],
    ['SELECT 1 UNION SELECT 2 ORDER BY 3', 108],
  ];
  for (const [sql, expected] of groups) {
    it(`answers ${sql}`, async () => {
      const { rows, errors } = await runIn(openSession(), sql);
      expect(typeof expected === 'number' ? errors : rows).to.deep.equal(typeof expected === 'number' ? [expected] : expected);
    });
  }

  it('joins thousands of rows in a moment', async () => {
    const session = openSession();
    const users = Array.from(
      { length: 1000 },
      (_, index) => `CREATE USER [user ${index}] WITHOUT LOGIN; GRANT SELECT, INSERT, UPDATE ON SCHEMA::dbo TO [user ${index}]`,
    );
    expect((await runIn(session, users.join('\n'))).errors).to.deep.equal([]);
    const startedAt = performance.now();
    const { rows } = await runIn(
      session,
      'SELECT p.name, d.permission_name FROM sys.database_permissions AS d JOIN sys.database_principals AS p ON p.principal_id = d.grantee_principal_id WHERE d.class = 3',
    );
    expect(rows).to.have.length(3000);
    expect(performance.now() - startedAt, 'milliseconds').to.be.below(2000);
  }).timeout(20_000);
});
