import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type pg from 'pg';
import { syncAdministrators } from '../../../sandbox/postgres/administrators.ts';
import { startBackend } from '../../../sandbox/postgres/backend.ts';
import { ossAudience } from '../../../sandbox/postgres/login.ts';
import { eventually } from '../../../support/eventually.ts';
import { operator } from '../../target/given.ts';
import { failureOf } from '../failure-of.ts';
import type { PostgresBench } from './postgres-bench.ts';

const run = promisify(execFile);

/** What passes through, and how that ends. */
export function testLine(at: PostgresBench): void {
  const { server, closing, asOperator } = at;

  describe('the line', () => {
    it('carries 20 MB each way', async () => {
      const session = await asOperator();
      const text = 'x'.repeat(20_000_000);
      const { rows } = await session.query('SELECT $1::text AS text', [text]);
      expect(rows[0].text === text).to.equal(true);
      const { rowCount } = await session.query(`SELECT repeat('y', 100) FROM generate_series(1, 200000)`);
      expect(rowCount).to.equal(200_000);
    });

    it('passes the cancelling of a statement on', async () => {
      const session = await asOperator();
      const slow = failureOf(session.query('SELECT pg_sleep(15)'));
      await eventually(
        async () =>
          (await at.backend.query('postgres', `SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'`))
            .length > 0,
      );
      const { processID, secretKey } = session as unknown as { processID: number; secretKey: number };
      const request = Buffer.alloc(16);
      [16, 80877102, processID].forEach((value, index) => {
        request.writeInt32BE(value, index * 4);
      });
      request.writeInt32BE(secretKey, 12);
      connect(at.gateway.port, at.gateway.host).end(request);
      expect(await slow).to.include({ code: '57014' });
      expect((await session.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }]);
    });

    it('serves a client that begins with TLS, as libpq does with sslnegotiation=direct', async () => {
      const config: pg.ClientConfig & { readonly sslnegotiation: string } = { sslnegotiation: 'direct' };
      const session = await asOperator(config);
      expect((await session.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }]);
    });

    it('refuses TLS from the first byte to a client that does not say it speaks PostgreSQL', async () => {
      const socket = connectTls({ host: at.gateway.host, port: at.gateway.port, ca: at.ca });
      await once(socket, 'secureConnect');
      socket.resume();
      await once(socket, 'close');
    });

    it('ends the line of a cancelling client as TLS has it, with close_notify', async () => {
      // in TLS 1.2 the kind of a record can be seen from outside
      const records: number[] = [];
      const raw = connect(at.gateway.port, at.gateway.host);
      const through = new Duplex({
        read: () => {},
        write: (chunk, _encoding, done) => void raw.write(chunk, done),
        final: (done) => void raw.end(done),
      });
      raw.write(Buffer.from('0000000804d2162f', 'hex'));
      expect(String((await once(raw, 'data'))[0])).to.equal('S');
      let rest = Buffer.alloc(0);
      raw.on('data', (chunk: Buffer) => {
        through.push(chunk);
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
          records.push(rest[0] ?? 0);
          rest = rest.subarray(5 + rest.readUInt16BE(3));
        }
      });
      raw.on('end', () => through.push(null));
      const socket = connectTls({ socket: through, host: at.gateway.host, ca: at.ca, maxVersion: 'TLSv1.2' });
      await once(socket, 'secureConnect');
      socket.resume();
      socket.write(Buffer.from('0000001004d2162e0000000100000002', 'hex'));
      await once(raw, 'end');
      expect(records.at(-1)).to.equal(21);
    });

    it('tells a client that its session was terminated', async () => {
      const session = await asOperator();
      const { promise: ended, resolve } = Promise.withResolvers<Error & { code?: string }>();
      session.on('error', resolve);
      const { rows } = await session.query('SELECT pg_backend_pid() AS pid');
      await (await asOperator()).query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      expect(await ended).to.include({ code: '57P01' });
    });

    it('leads to another server when the server was made anew', async () => {
      const anew = await startBackend({ log: () => {}, signal: closing.signal });
      const identifier = async () => {
        const session = await asOperator({ database: 'postgres' });
        return (await session.query('SELECT system_identifier FROM pg_control_system()')).rows[0].system_identifier;
      };
      try {
        await syncAdministrators(server, anew);
        const old = await identifier();
        at.gateway.setBackend(anew);
        expect(await identifier()).not.to.equal(old);
      } finally {
        at.gateway.setBackend(at.backend);
        await anew.stop();
      }
    });

    it('is refused while the server is stopped, and open sessions end', async () => {
      const session = await asOperator();
      const { promise: ended, resolve } = Promise.withResolvers<Error & { code?: string }>();
      session.on('error', resolve);
      await at.gateway.refuseConnections();
      try {
        expect(await ended).to.include({ code: '57P01' });
        expect(await failureOf(asOperator())).to.include({ code: 'ECONNREFUSED' });
      } finally {
        await at.gateway.acceptConnections();
      }
      await asOperator();
    });

    it('survives a restart of PostgreSQL', async () => {
      const session = await asOperator();
      await at.backend.restart({ signal: closing.signal });
      await failureOf(session.query('SELECT 1'));
      await asOperator();
    });

    it('serves psql, with COPY', async function () {
      const psql = '/usr/bin/psql';
      if (!existsSync(psql)) {
        console.log(`      no ${psql} on this machine: passed over`);
        return this.skip();
      }
      const folder = await mkdtemp(join(tmpdir(), 'psql-'));
      try {
        await writeFile(join(folder, 'ca.pem'), at.ca);
        const env = {
          PGPASSWORD: await at.tokens.issue(operator, ossAudience, { expiresIn: 60 }),
          PGSSLMODE: 'verify-full',
          PGSSLROOTCERT: join(folder, 'ca.pem'),
        };
        const copy = ['CREATE TEMP TABLE t (n int)', "\\copy t FROM PROGRAM 'seq 1 1000'", 'SELECT sum(n) FROM t'].flatMap((command) => [
          '-c',
          command,
        ]);
        const { stdout } = await run(
          psql,
          ['-XAtq', '-h', at.gateway.host, '-p', String(at.gateway.port), '-U', 'operator', '-d', 'orders', ...copy],
          { env },
        );
        expect(stdout.trim()).to.equal('500500');
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });
}
