import { expect } from 'chai';
import * as fc from 'fast-check';
import { coversDatabase, databasePattern, isSameName } from '../../../../src/targets/mysql/databases.ts';

const wild = { partialRevokes: false, foldsNames: true };
const exact = { partialRevokes: false, foldsNames: false };
const literally = { partialRevokes: true, foldsNames: true };

describe('databases in GRANT', () => {
  const patterns: readonly [string, string][] = [
    ['orders', 'orders'],
    ['orders_1', 'orders\\_1'],
    ['100%', '100\\%'],
    ['a\\b', 'a\\\\b'],
  ];
  for (const [database, pattern] of patterns)
    it(`are written ${pattern} for ${database}`, () => expect(databasePattern(database, wild)).to.equal(pattern));

  it('are written as they are where nothing is wild', () => expect(databasePattern('my_orders%\\', literally)).to.equal('my_orders%\\'));

  const covered: readonly [string, string, typeof wild, boolean][] = [
    ['orders', 'orders', wild, true],
    ['ORDERS', 'orders', wild, true],
    ['ORDERS', 'orders', exact, false],
    ['orders_1', 'orders_1', wild, true],
    ['orders_1', 'ordersx1', wild, true],
    ['orders\\_1', 'orders_1', wild, true],
    ['orders\\_1', 'ordersx1', wild, false],
    ['orders_1', 'ordersx1', literally, false],
    ['orders\\_1', 'orders_1', literally, false],
    ['%', 'orders', wild, true],
    ['%', '', wild, true],
    ['ord%', 'orders', wild, true],
    ['%d%rs', 'orders', wild, true],
    ['%d%rx', 'orders', wild, false],
    ['orders_', 'orders', wild, false],
    ['order', 'orders', wild, false],
    ['orders', 'order', wild, false],
    ['a.c', 'abc', wild, false],
    ['ord__rs', 'ordérs', wild, true],
    ['ord_rs', 'ordérs', wild, false],
    ['ordérs', 'ordérs', wild, true],
    ['or\nders', 'or\nders', wild, true],
    ['a\\\\b', 'a\\b', wild, true],
  ];
  for (const [pattern, database, traits, expected] of covered)
    it(`${expected ? 'mean' : "don't mean"} ${JSON.stringify(database)} by ${JSON.stringify(pattern)}`, () =>
      expect(coversDatabase(pattern, database, traits)).to.equal(expected));

  it('mean exactly the one that they are written for, whatever it is called', () => {
    const names = fc.string({ unit: fc.constantFrom('a', 'b', '_', '%', '\\', '.', '*', '['), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(names, names, (database, other) => {
        expect(coversDatabase(databasePattern(database, exact), other, exact)).to.equal(database === other);
      }),
    );
  });

  it('are compared in good time, however wild they are', () => {
    expect(coversDatabase(`${'%a'.repeat(31)}b`, 'a'.repeat(64), wild)).to.equal(false);
  });

  it('are the same in other letters where the server says so', () => {
    expect(isSameName('Orders', 'oRDERS', wild)).to.equal(true);
    expect(isSameName('Orders', 'oRDERS', exact)).to.equal(false);
  });
});
