import { expect } from 'chai';
import fc from 'fast-check';
import { adoNet, braced, libpq, uri } from '../../../src/targets/connection-string.ts';
import { readAdoNet, readJdbc, readLibpq, readSqlServerJdbc } from './connection-string-readers.ts';

/** Names, and how each grammar writes them. What is written for libpq and URIs was read back as the name by libpq 18, pgjdbc 42.7, lib/pq 1.12 and pgx 5.7. */
const written: readonly (readonly [name: string, adoNet: string, libpq: string, uri: string])[] = [
  ['orders', 'orders', 'orders', 'orders'],
  ['aad_shop_orders-db.v2', 'aad_shop_orders-db.v2', 'aad_shop_orders-db.v2', 'aad_shop_orders-db.v2'],
  ['x?host=evil&sslmode=disable', '"x?host=evil&sslmode=disable"', "'x?host=evil&sslmode=disable'", 'x%3Fhost%3Devil%26sslmode%3Ddisable'],
  ['x host=evil', '"x host=evil"', "'x host=evil'", 'x%20host%3Devil'],
  ["x' host=evil", '"x\' host=evil"', "'x\\' host=evil'", "x'%20host%3Devil"],
  ["x\\' host=evil", '"x\\\' host=evil"', "'x\\\\\\' host=evil'", "x%5C'%20host%3Devil"],
  ['a;Host=evil', '"a;Host=evil"', "'a;Host=evil'", 'a%3BHost%3Devil'],
  ['a";Host=evil;x="', '\'a";Host=evil;x="\'', '\'a";Host=evil;x="\'', 'a%22%3BHost%3Devil%3Bx%3D%22'],
  ['a"\';Host=evil;x="', '"a""\';Host=evil;x="""', "'a\"\\';Host=evil;x=\"'", "a%22'%3BHost%3Devil%3Bx%3D%22"],
  ["it's", '"it\'s"', "'it\\'s'", "it's"],
  ['say "hi"', '\'say "hi"\'', '\'say "hi"\'', 'say%20%22hi%22'],
  [' lead and trail ', '" lead and trail "', "' lead and trail '", '%20lead%20and%20trail%20'],
  ['back\\slash', 'back\\slash', "'back\\\\slash'", 'back%5Cslash'],
  ['100%', '100%', '100%', '100%25'],
  ['%2e%3F', '%2e%3F', '%2e%3F', '%252e%253F'],
  ['a+b', 'a+b', 'a+b', 'a%2Bb'],
  ['a#b@c:d', 'a#b@c:d', 'a#b@c:d', 'a%23b%40c%3Ad'],
  ['${HOME}', '${HOME}', '${HOME}', '%24%7BHOME%7D'],
  ['größe', 'größe', "'größe'", 'gr%C3%B6%C3%9Fe'],
  ['数据🐘', '数据🐘', "'数据🐘'", '%E6%95%B0%E6%8D%AE%F0%9F%90%98'],
  ['a\u00a0b', '"a\u00a0b"', "'a\u00a0b'", 'a%C2%A0b'],
  ['a\u0085b', '"a\u0085b"', "'a\u0085b'", 'a%C2%85b'],
];

/** What mssql-jdbc 12.10 read back as the name. */
const inBraces: readonly (readonly [name: string, written: string])[] = [
  ['orders', 'orders'],
  ['aad_shop_orders-db.v2', 'aad_shop_orders-db.v2'],
  ['app~secret', 'app~secret'],
  ['a;serverName=evil', '{a;serverName=evil}'],
  ['a};serverName=evil;x={', '{a}};serverName=evil;x={}'],
  ['{a}', '{{a}}}'],
  ['}', '{}}}'],
  [' lead and trail ', '{ lead and trail }'],
  ['100%', '{100%}'],
  ['größe', '{größe}'],
];

const anyName = fc
  .string({
    unit: fc.oneof(fc.constantFrom(...` '"\\=;&?%+#@:{}$\u00a0\u0085`), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
    minLength: 1,
    maxLength: 24,
  })
  .filter((name) => !name.includes('\0') && name.isWellFormed());

describe('a connection string', () => {
  for (const [name, inAdoNet, inLibpq, inUri] of written) {
    it(`holds ${JSON.stringify(name)} in each grammar`, () => {
      expect(adoNet`Database=${name};`, 'ADO.NET').to.equal(`Database=${inAdoNet};`);
      expect(libpq`dbname=${name} user=x`, 'libpq').to.equal(`dbname=${inLibpq} user=x`);
      expect(uri`/${name}?x`, 'URI').to.equal(`/${inUri}?x`);
    });
  }

  it('is read by ADO.NET as what was put in, whatever that is', () =>
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        expect(readAdoNet(adoNet`Server=h;Database=${a};Port=${1};User Id=${b};`)).to.deep.equal({
          server: 'h',
          database: a,
          port: '1',
          'user id': b,
        });
      }),
    ));

  it('is read by libpq as what was put in, whatever that is', () =>
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        expect(readLibpq(libpq`host=h port=${1} dbname=${a} user=${b}`)).to.deep.equal({ host: 'h', port: '1', dbname: a, user: b });
      }),
    ));

  it('is read by JDBC as what was put in, whatever that is', () =>
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        expect(readJdbc(uri`jdbc:postgresql://h:${1}/${a}?user=${b}`)).to.deep.equal({ host: 'h', port: '1', database: a, user: b });
      }),
    ));

  for (const [name, written] of inBraces)
    it(`holds ${JSON.stringify(name)} for drivers of SQL Server`, () =>
      expect(braced`databaseName=${name};`).to.equal(`databaseName=${written};`));

  it('is read by drivers of SQL Server as what was put in, whatever that is', () =>
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        expect(readSqlServerJdbc(braced`jdbc:sqlserver://h:${1};databaseName=${a};user=${b};`)).to.deep.equal({
          host: 'h',
          port: '1',
          databaseName: a,
          user: b,
        });
      }),
    ));
});
