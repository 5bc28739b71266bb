import { expect } from 'chai';
import fc from 'fast-check';
import type { SqlType, SqlValue } from '../../sandbox/azure-sql/sql-type.ts';
import { ByteCursor } from '../../sandbox/azure-sql/wire/byte-cursor.ts';
import { readRequest } from '../../sandbox/azure-sql/wire/client-request.ts';
import { packetsOf } from '../../sandbox/azure-sql/wire/messages.ts';
import { preloginReply, readPrelogin } from '../../sandbox/azure-sql/wire/prelogin.ts';
import { decodeValue } from '../../sandbox/azure-sql/wire/type-decoder.ts';
import { encodeValue, typeInfo } from '../../sandbox/azure-sql/wire/type-encoder.ts';

describe('the wire of Azure SQL', () => {
  const values: readonly [SqlType, SqlValue][] = [
    [{ name: 'bit' }, 1],
    [{ name: 'tinyint' }, 255],
    [{ name: 'smallint' }, -32_768],
    [{ name: 'int' }, -1],
    [{ name: 'bigint' }, -(2n ** 63n)],
    [{ name: 'float' }, -1.5],
    [{ name: 'decimal', precision: 10, scale: 2 }, -12.34],
    [{ name: 'uniqueidentifier' }, '01234567-89AB-CDEF-0123-456789ABCDEF'],
    [{ name: 'datetime' }, new Date('1899-12-31T23:59:59.000Z')],
    [{ name: 'datetime2' }, new Date('2026-11-23T12:34:56.789Z')],
    [{ name: 'nvarchar', length: 10 }, 'naïve ☕'],
    [{ name: 'nvarchar', length: 'max' }, ''],
    [{ name: 'varchar', length: 10 }, 'naïve'],
    [{ name: 'varbinary', length: 3 }, Buffer.from([0, 1, 2])],
    [{ name: 'varbinary', length: 'max' }, Buffer.alloc(10_000, 7)],
  ];
  for (const [type, value] of values) {
    for (const each of [value, null]) {
      it(`gives back what it has written: ${type.name}(${type.length ?? ''}) ${each === null ? 'NULL' : ''}`, () => {
        const bytes = Buffer.concat([typeInfo(type), encodeValue(each, type)]);
        const cursor = new ByteCursor(bytes);
        const decoded = decodeValue(cursor);
        expect(decoded.type.name).to.equal(type.name);
        expect(decoded.value).to.deep.equal(each);
        expect(cursor.isAtEnd).to.equal(true);
      });
    }
  }

  it('cuts a message into packets that make it up again, the last of which says so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 512, max: 1000 }), (size, packetSize) => {
        const payload = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
        const parts: Buffer[] = [];
        const ends: boolean[] = [];
        let rest = packetsOf(payload, { packetSize });
        while (rest.length > 0) {
          const length = rest.readUInt16BE(2);
          expect(length).to.be.within(8, packetSize);
          parts.push(rest.subarray(8, length));
          ends.push((rest.readUInt8(1) & 1) === 1);
          rest = rest.subarray(length);
        }
        expect(Buffer.concat(parts)).to.deep.equal(payload);
        expect(ends.indexOf(true)).to.equal(ends.length - 1);
      }),
    );
  });

  it('answers every PRELOGIN with encryption, and asks for federated login only those who know it', () => {
    for (const [encryption, answered] of [
      ['on', 'on'],
      ['required', 'on'],
      ['off', 'required'],
      ['not supported', 'required'],
    ] as const) {
      for (const asksFederatedAuthentication of [true, false]) {
        expect(readPrelogin(preloginReply({ encryption, asksFederatedAuthentication }))).to.deep.equal({
          encryption: answered,
          asksFederatedAuthentication,
        });
      }
    }
  });

  it('takes no bytes for a request that are none', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 3, 14, 6, 7, 99), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
        const request = readRequest({ type, resetsSession: false, isIgnored: false, payload: Buffer.from(bytes) });
        expect(request.kind).to.be.a('string');
      }),
    );
  });
});
