import { expect } from 'chai';
import fc from 'fast-check';
import { quoteIdentifier, quoteLiteral, sql, sqlList } from '../../../../src/targets/postgres/sql.ts';

describe('quoting for PostgreSQL', () => {
  const identifiers: readonly [string, string][] = [
    ['orders', '"orders"'],
    ['Orders of the day', '"Orders of the day"'],
    ['a"b', '"a""b"'],
    ['a\\b', '"a\\b"'],
    ['x" TO evil; --', '"x"" TO evil; --"'],
    ['\u202Eevil', '"\u202Eevil"'],
  ];
  for (const [name, quoted] of identifiers) it(`makes ${quoted} of an identifier`, () => expect(quoteIdentifier(name)).to.equal(quoted));

  const literals: readonly [string, string][] = [
    ['orders', "'orders'"],
    ["a'b", "'a''b'"],
    ['a\\b', "E'a\\\\b'"],
    ["\\'; DROP ROLE x; --", "E'\\\\''; DROP ROLE x; --'"],
    ['', "''"],
  ];
  for (const [text, quoted] of literals) it(`makes ${quoted} of a text`, () => expect(quoteLiteral(text)).to.equal(quoted));

  it('refuses what no name or text can be', () => {
    expect(() => quoteIdentifier('a\0b')).to.throw(TypeError);
    expect(() => quoteIdentifier('')).to.throw(TypeError);
    expect(() => quoteLiteral('a\0b')).to.throw(TypeError);
  });

  it('lets no name out of its quotes', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: fc.constantFrom('"', "'", '\\', ';', '-', 'x', ' ', '\n') }), (name) => {
        const quoted = quoteIdentifier(name);
        expect(quoted).to.match(/^"(?:[^"]|"")+"$/);
        expect(quoted.slice(1, -1).replaceAll('""', '"')).to.equal(name);
      }),
    );
  });

  it('lets no text out of its quotes, whatever standard_conforming_strings is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', "'", '\\', ';', '-', 'x', ' ', '\n') }), (text) => {
        const quoted = quoteLiteral(text);
        expect(quoted).to.match(/^(?:'(?:[^'\\]|'')*'|E'(?:[^'\\]|''|\\\\)*')$/);
        const inner = quoted.slice(quoted.indexOf("'") + 1, -1).replaceAll("''", "'");
        expect(quoted.startsWith('E') ? inner.replaceAll('\\\\', '\\') : inner).to.equal(text);
      }),
    );
  });

  it('puts statements together from parts that are quoted', () => {
    expect(sql`DROP ROLE ${sqlList([quoteIdentifier('a'), quoteIdentifier('b')])} CASCADE`).to.equal('DROP ROLE "a", "b" CASCADE');
  });
});
