import { expect } from 'chai';
import { failureOf } from '../failure-of.ts';
import { type MysqlBench, rowsOf } from './mysql-bench.ts';

/** What the gateway writes down, and what it does to statements on demand. */
export function testFaults(at: MysqlBench): void {
  const { faults, delays, asOperator, statements } = at;

  describe('the journal', () => {
    it('tells how each statement of either protocol ended, as the client wrote it', async () => {
      const session = await asOperator({ multipleStatements: true });
      await session.query('SELECT 1');
      await session.query('SELECT 1; SELECT 2');
      await session.execute('SELECT ? AS n', [1]);
      await session.execute('SELECT ? AS n', [2]);
      await failureOf(session.query('SELECT * FROM orders.absent'));
      await failureOf(session.execute('SELECT * FROM orders.missing'));
      await session.ping();
      await session.query('SELECT COUNT(*) FROM mysql.user');
      expect(statements()).to.deep.equal([
        ['LOGIN', 'ok', ''],
        ['SELECT 1', 'ok', ''],
        ['SELECT 1; SELECT 2', 'ok', ''],
        ['SELECT ? AS n', 'ok', ''],
        ['SELECT ? AS n', 'ok', ''],
        ['SELECT * FROM orders.absent', 'error', '1146'],
        ['SELECT * FROM orders.missing', 'error', '1146'],
        ['SELECT COUNT(*) FROM mysql.user', 'ok', ''],
      ]);
    });
  });

  describe('faults', () => {
    it('fail a login by number', async () => {
      faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { code: 1040 }, times: 1 });
      expect(await failureOf(asOperator())).to.include({ errno: 1040 });
      expect(statements()).to.deep.equal([['LOGIN', 'error', '1040']]);
      await asOperator();
    });

    for (const drop of ['before', 'after'] as const) {
      it(`cut the line ${drop} a login`, async () => {
        faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { drop }, times: 1 });
        expect((await failureOf(asOperator())).code).to.match(/PROTOCOL_CONNECTION_LOST|ECONNRESET/);
        expect(statements()).to.deep.equal([drop === 'before' ? ['LOGIN', 'error', '2013'] : ['LOGIN', 'ok', '']]);
      });

      it(`cut the line ${drop} a statement`, async () => {
        const session = await asOperator();
        faults.add({ match: { kind: 'sql', path: '^INSERT' }, respond: { drop }, times: 1 });
        expect((await failureOf(session.query("INSERT INTO orders.items VALUES (1, 'x')"))).code).to.match(
          /PROTOCOL_CONNECTION_LOST|ECONNRESET/,
        );
        expect(await at.backend.query('SELECT id FROM orders.items')).to.deep.equal(drop === 'before' ? [] : [{ id: 1 }]);
        expect(statements().at(-1)?.slice(1)).to.deep.equal(drop === 'before' ? ['error', '2013'] : ['ok', '']);
      });
    }

    it('fail a statement by number, and leave the session as it is', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT' }, respond: { code: 1213 }, times: 2 });
      expect(await failureOf(session.query('SELECT 1 AS n'))).to.include({ errno: 1213 });
      expect(await failureOf(session.execute('SELECT 1 AS n'))).to.include({ errno: 1213 });
      expect((await session.execute('SELECT 1 AS n'))[0]).to.deep.equal([{ n: 1 }]);
    });

    it('end the session with numbers that end sessions', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT' }, respond: { code: 1053 }, times: 1 });
      expect(await failureOf(session.query('SELECT 1'))).to.include({ errno: 1053 });
      expect(await failureOf(session.query('SELECT 1'))).to.match(/closed state|lost|closed/);
    });

    it('keep all of a statement of several packets from the server', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: '^SELECT CHAR' }, respond: { code: 1213 }, times: 1 });
      expect(await failureOf(session.query('SELECT CHAR_LENGTH(?)', ['x'.repeat(17_000_000)]))).to.include({ errno: 1213 });
      expect(await rowsOf(session, 'SELECT 1 AS n')).to.deep.equal([{ n: 1 }]);
    });

    it('delay a statement', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT 1' }, respond: { delayMs: 123_456 }, times: 1 });
      expect(await rowsOf(session, 'SELECT 1 AS n')).to.deep.equal([{ n: 1 }]);
      expect(delays.splice(0)).to.deep.equal([123_456]);
    });
  });
}
