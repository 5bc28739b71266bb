import { expect } from 'chai';
import {
  privilegeWord,
  quoteAccount,
  quoteIdentifier,
  quoteLiteral,
  sql,
  sqlJoin,
  sqlList,
  sqlNumber,
} from '../../../../src/targets/mysql/sql.ts';

describe('SQL of MySQL', () => {
  it('quotes identifiers, so that no character ends them', () => {
    expect(quoteIdentifier('orders')).to.equal('`orders`');
    expect(quoteIdentifier('a`; DROP USER `b')).to.equal('`a``; DROP USER ``b`');
    expect(quoteIdentifier('a\\`b"\'')).to.equal('`a\\``b"\'`');
  });

  for (const name of ['', 'a\0b', 'a\u{1f600}', 'a\ud800']) {
    it(`makes no identifier of ${JSON.stringify(name)}`, () => {
      expect(() => quoteIdentifier(name)).to.throw(TypeError);
    });
  }

  it('quotes literals, in which the backslash escapes', () => {
    expect(quoteLiteral("it's")).to.equal("'it''s'");
    expect(quoteLiteral("\\' OR 1 -- ")).to.equal("'\\\\'' OR 1 -- '");
    expect(quoteLiteral('')).to.equal("''");
    expect(quoteLiteral('\u{1f600}')).to.equal("'\u{1f600}'");
    for (const text of ['a\0', '\udc00']) expect(() => quoteLiteral(text)).to.throw(TypeError);
  });

  it('quotes accounts of every host, and not that of everybody', () => {
    expect(quoteAccount("o'brien@%")).to.equal("'o''brien@%'@'%'");
    expect(() => quoteAccount('')).to.throw(TypeError);
  });

  it('takes for the name of a privilege nothing but words in capitals, and for a number nothing else', () => {
    for (const name of ['SELECT', 'CREATE TEMPORARY TABLES', 'XA_RECOVER_ADMIN']) expect(privilegeWord(name)).to.equal(name);
    for (const name of ['', 'select', 'SELECT ', 'SELECT ON a.* TO b', 'A, B', 'A;', 'A--', 'A\nB', 'A`'])
      expect(() => privilegeWord(name), name).to.throw(TypeError);
    expect(sqlNumber(0)).to.equal('0');
    for (const number of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => sqlNumber(number), String(number)).to.throw(TypeError);
  });

  it('puts statements together from parts that are SQL', () => {
    expect(sql`GRANT ${sqlList([sql`SELECT`, sql`INSERT`])} ON ${quoteIdentifier('a')}.*`).to.equal('GRANT SELECT, INSERT ON `a`.*');
    expect(sqlJoin([sql`a`, sql`b`], sql` OR `)).to.equal('a OR b');
  });
});
