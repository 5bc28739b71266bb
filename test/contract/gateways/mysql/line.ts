import { expect } from 'chai';
import type { RowDataPacket } from 'mysql2/promise';
import { syncAdministrators } from '../../../sandbox/mysql/administrators.ts';
import { startBackend } from '../../../sandbox/mysql/backend.ts';
import { failureOf } from '../failure-of.ts';
import { endOf, type MysqlBench, rowsOf } from './mysql-bench.ts';

/** What passes through, and how that ends. */
export function testLine(at: MysqlBench): void {
  const { server, closing, asOperator } = at;

  describe('the line', () => {
    it('carries 20 MB each way', async () => {
      const session = await asOperator();
      const text = 'x'.repeat(20_000_000);
      const [row] = await rowsOf<{ text: string }>(session, 'SELECT ? AS text', [text]);
      expect(row?.text === text).to.equal(true);
      const [rows] = await session.execute<RowDataPacket[]>('SELECT ? AS text', [text]);
      expect(rows[0]?.['text'] === text).to.equal(true);
    });

    it('carries many rows', async () => {
      const session = await asOperator();
      const digits =
        'SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6';
      const sql = `WITH t AS (${digits}) SELECT REPEAT('y', 100) AS y FROM t a, t b, t c, t d, t e, t f`;
      expect(await rowsOf(session, sql)).to.have.length(7 ** 6);
    });

    it('does not let a session change its user', async () => {
      const session = await asOperator();
      expect(await failureOf(session.changeUser({ user: 'mysqladmin', password: at.backend.administrator.password }))).to.include({
        errno: 1047,
      });
    });

    it('leads to another server when the server was made anew', async () => {
      const anew = await startBackend({ log: () => {}, signal: closing.signal });
      const databases = async () => rowsOf(await asOperator(), "SHOW DATABASES LIKE 'orders'");
      try {
        await syncAdministrators(server, anew);
        expect(await databases()).to.have.length(1);
        at.gateway.setBackend(anew);
        expect(await databases()).to.be.empty;
      } finally {
        at.gateway.setBackend(at.backend);
        await anew.stop();
      }
    });

    it('is refused while the server is stopped, and open sessions end', async () => {
      const session = await asOperator();
      const ended = endOf(session);
      await at.gateway.refuseConnections();
      try {
        await ended;
        expect(await failureOf(asOperator())).to.include({ code: 'ECONNREFUSED' });
      } finally {
        await at.gateway.acceptConnections();
      }
      await asOperator();
    });

    it('survives a restart of the engine', async () => {
      const session = await asOperator();
      await at.backend.restart({ signal: closing.signal });
      await failureOf(session.query('SELECT 1'));
      await asOperator();
    });
  });
}
