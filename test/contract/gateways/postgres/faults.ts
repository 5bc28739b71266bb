import { expect } from 'chai';
import { failureOf } from '../failure-of.ts';
import type { PostgresBench } from './postgres-bench.ts';

/** What the gateway writes down, and what it does to statements on demand. */
export function testFaults(at: PostgresBench): void {
  const { journal, faults, delays, asOperator, statements } = at;

  describe('the journal', () => {
    it('has one entry for each statement, with its SQLSTATE and without its values', async () => {
      const session = await asOperator();
      await session.query('SELECT 1');
      await session.query('SELECT $1::text', ['a secret']);
      await failureOf(session.query('SELECT 1 / $1::int', [0]));
      await failureOf(session.query('SELECT nonsense'));
      await failureOf(session.query('SELECT $1::nonsense', ['x']));
      await session.query({ name: 'kept', text: 'SELECT $1::int', values: [1] });
      await session.query({ name: 'kept', text: 'SELECT $1::int', values: [2] });
      expect(statements()).to.deep.equal([
        ['LOGIN', 'ok', ''],
        ['SELECT 1', 'ok', ''],
        ['SELECT $1::text', 'ok', ''],
        ['SELECT 1 / $1::int', 'error', '22012'],
        ['SELECT nonsense', 'error', '42703'],
        ['SELECT $1::nonsense', 'error', '42704'],
        ['SELECT $1::int', 'ok', ''],
        ['SELECT $1::int', 'ok', ''],
      ]);
      expect(JSON.stringify(journal.list())).not.to.contain('a secret');
    });
  });

  describe('faults', () => {
    it('refuse a login with the code that was ordered, once', async () => {
      faults.add({ match: { kind: 'sql', method: 'LOGIN' }, respond: { code: '53300' }, times: 1 });
      expect(await failureOf(asOperator())).to.include({ code: '53300', severity: 'FATAL' });
      await asOperator();
    });

    for (const drop of ['before', 'after'] as const) {
      it(`cut a login ${drop} it is done`, async () => {
        faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { drop }, times: 1 });
        expect(await failureOf(asOperator())).to.match(/terminated|ECONNRESET|disconnected/);
        expect(statements()).to.deep.equal([['LOGIN', drop === 'before' ? 'error' : 'ok', drop === 'before' ? '08006' : '']]);
      });

      for (const values of [undefined, []]) {
        it(`cut the line ${drop} a statement of the ${values ? 'extended' : 'simple'} protocol ran`, async () => {
          const session = await asOperator();
          faults.add({ match: { kind: 'sql', method: 'QUERY', path: 'CREATE ROLE' }, respond: { drop }, times: 1 });
          expect(await failureOf(session.query({ text: 'CREATE ROLE test_made', ...(values && { queryMode: 'extended' }) }))).to.match(
            /terminated|ECONNRESET/,
          );
          expect(await at.backend.query('postgres', `SELECT FROM pg_roles WHERE rolname = 'test_made'`)).to.have.length(
            drop === 'before' ? 0 : 1,
          );
        });
      }
    }

    for (const values of [undefined, [1]]) {
      it(`fail a statement of the ${values ? 'extended' : 'simple'} protocol and its transaction, and no other`, async () => {
        const session = await asOperator();
        const text = values ? 'SELECT $1::int AS n' : 'SELECT 1 AS n';
        faults.add({ match: { kind: 'sql', path: '^SELECT' }, respond: { code: '40P01' }, times: 2 });
        await session.query('BEGIN');
        expect(await failureOf(session.query(text, values))).to.include({ code: '40P01', severity: 'ERROR' });
        expect(await failureOf(session.query(text, values))).to.include({ code: '25P02' });
        expect(await failureOf(session.query(text, values))).to.include({ code: '25P02' });
        await session.query('ROLLBACK');
        expect((await session.query(text, values)).rows).to.deep.equal([{ n: 1 }]);
        expect(statements().map(([, , error]) => error)).to.deep.equal(['', '', '40P01', '25P02', '25P02', '', '']);
      });
    }

    it('end the session with codes that end sessions', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT 1' }, respond: { code: '57P01' }, times: 1 });
      expect(await failureOf(session.query('SELECT 1'))).to.include({ code: '57P01', severity: 'FATAL' });
      expect(await failureOf(session.query('SELECT 1'))).to.match(/not queryable|terminated/);
    });

    it('delay a statement', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT 1' }, respond: { delayMs: 123_456 }, times: 1 });
      expect((await session.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }]);
      expect(delays.splice(0)).to.deep.equal([123_456]);
    });

    it('fail a prepared statement that is run again', async () => {
      const session = await asOperator();
      const kept = { name: 'kept', text: 'SELECT $1::int AS n', values: [1] };
      await session.query(kept);
      faults.add({ match: { kind: 'sql', path: 'SELECT' }, respond: { code: '40001' }, times: 2 });
      expect(await failureOf(session.query(kept))).to.include({ code: '40001' });
      expect(await failureOf(session.query(kept))).to.include({ code: '40001' });
      expect((await session.query(kept)).rows).to.deep.equal([{ n: 1 }]);
    });
  });
}
