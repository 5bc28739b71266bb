import { expect } from 'chai';
import { type Progress, ResponseReader, type ResponseShape } from '../../sandbox/mysql/response-reader.ts';

const bytes = (...hex: readonly string[]) => Buffer.from(hex.join(''), 'hex');

const ok = bytes('00', '00', '00', '0200', '0000');
const okWithMore = bytes('00', '00', '00', '0a00', '0000');
/** 300 rows affected, 70,000 the last id. */
const okWithLongNumbers = bytes('00', 'fc2c01', 'fd701101', '0a00', '0000');
const eof = bytes('fe', '0000', '0200');
const eofWithMore = bytes('fe', '0000', '0a00');
const eofWithCursor = bytes('fe', '0000', '4200');
const error = bytes('ff', '7a04', '23', Buffer.from('42S02no such table').toString('hex'));
const two = bytes('02');
const column = Buffer.from('\x03def and so on');
const row = Buffer.from('\x01a\x01b');
/** Begins as an EOF does, but with a text of more than 16 MB. */
const longRow = bytes('fe', '0000000100000000', '78'.repeat(20));

describe('finding the end of a response', () => {
  const cases: readonly [string, ResponseShape, readonly Buffer[]][] = [
    ['of a statement without rows', 'results', [ok]],
    ['of rows', 'results', [two, column, column, eof, row, row, eof]],
    ['of no rows', 'results', [two, column, column, eof, eof]],
    ['of a row that begins like an end', 'results', [two, column, column, eof, longRow, eof]],
    ['of several results', 'results', [okWithMore, two, column, column, eof, row, eofWithMore, okWithLongNumbers, ok]],
    ['of a cursor', 'results', [two, column, column, eofWithCursor]],
    ['of rows of a cursor', 'rows', [row, row, eof]],
    ['of a ping', 'single', [ok]],
    ['of a set option', 'single', [eof]],
    ['of a prepared statement', 'prepared', [bytes('00', '07000000', '0000', '0000', '00', '0000')]],
    ['of a prepared statement with values', 'prepared', [bytes('00', '07000000', '0000', '0200', '00', '0000'), column, column, eof]],
    [
      'of a prepared statement with values and columns',
      'prepared',
      [bytes('00', '07000000', '0100', '0200', '00', '0000'), column, column, eof, column, eof],
    ],
  ];
  for (const [what, shape, packets] of cases) {
    it(`${what}, and not before`, () => {
      const reader = new ResponseReader(shape);
      const kinds = packets.map((packet) => reader.receive(packet).kind);
      expect(kinds).to.deep.equal([...packets.slice(1).map(() => 'goes on'), 'succeeded']);
    });
  }

  it('tells the number of a prepared statement', () => {
    expect(new ResponseReader('prepared').receive(bytes('00', '07010000', '0000', '0000', '00', '0000'))).to.deep.equal({
      kind: 'succeeded',
      statementId: 263,
    });
  });

  for (const before of [[], [two, column, column, eof, row], [okWithMore]]) {
    it(`is an error after ${before.length} packets`, () => {
      const reader = new ResponseReader('results');
      let last: Progress = { kind: 'goes on' };
      for (const packet of [...before, error]) last = reader.receive(packet);
      expect(last).to.deep.equal({ kind: 'failed', error: { code: 1146, sqlState: '42S02', message: 'no such table' } });
    });
  }
});
