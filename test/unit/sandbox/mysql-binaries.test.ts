import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { findMysql } from '../../sandbox/mysql/binaries.ts';

describe('finding a MySQL server', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mysql-binaries-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  /** A program that tells this version, as the servers do. */
  async function program(name: string, version: string): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, `#!/bin/sh\necho '${path}  Ver ${version}'\n`);
    await chmod(path, 0o755);
    return path;
  }

  const find = (environment: NodeJS.ProcessEnv) =>
    findMysql({ environment, directories: [], log: () => {}, signal: AbortSignal.timeout(10_000) });

  const versions: readonly [string, string, string][] = [
    ['8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)', 'MySQL', '8.0.36'],
    ['9.7.4-2 for Linux on x86_64 ((Debian))', 'MySQL', '9.7.4'],
    ['10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)', 'MariaDB', '10.11.19'],
  ];
  for (const [said, engine, version] of versions) {
    it(`takes ${engine} ${version}`, async () => {
      const path = await program('server', said);
      expect(await find({ SANDBOX_MYSQLD: path })).to.include({ path, engine, version });
    });
  }

  for (const [said, what] of [
    ['5.7.44 for Linux on x86_64 (MySQL Community Server (GPL))', /is MySQL 5\.7\.44; MySQL 8\.0 or later is needed$/],
    ['10.6.18-MariaDB-0ubuntu0.22.04.1 for debian-linux-gnu', /is MariaDB 10\.6\.18; MariaDB 10\.11 or later is needed$/],
    ['what?', /is MySQL of an unknown version; MySQL 8\.0 or later is needed$/],
  ] as const) {
    it(`refuses ${said}`, async () => {
      expect(await failureOf(find({ SANDBOX_MYSQLD: await program('server', said) }))).to.match(what);
    });
  }

  it('says so when SANDBOX_MYSQLD names nothing that runs', async () => {
    const path = join(directory, 'absent');
    expect(await failureOf(find({ SANDBOX_MYSQLD: path }))).to.contain(`${path} does not run (SANDBOX_MYSQLD)`);
  });

  it('prefers SANDBOX_MYSQLD to the PATH, and mysqld to mariadbd', async () => {
    const named = await program('named', '9.7.4');
    await program('mariadbd', '10.11.19-MariaDB');
    expect(await find({ PATH: directory })).to.include({ engine: 'MariaDB' });
    await program('mysqld', '8.0.36');
    expect(await find({ PATH: directory })).to.include({ version: '8.0.36' });
    expect(await find({ PATH: directory, SANDBOX_MYSQLD: named })).to.include({ version: '9.7.4' });
  });

  it('says what to install when there is none and it may not install one', async () => {
    const failure = await failureOf(find({ PATH: directory, SANDBOX_INSTALL: '0' }));
    expect(failure)
      .to.match(/SANDBOX_INSTALL=0 forbids/)
      .and.match(/apt-get install mariadb-server-core/);
  });
});

async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it succeeded',
    (error: Error) => error.message,
  );
}
