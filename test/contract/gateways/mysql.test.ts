import { testAadUsers } from './mysql/aad-users.ts';
import { testAdministrators } from './mysql/administrators.ts';
import { testFaults } from './mysql/faults.ts';
import { testLine } from './mysql/line.ts';
import { testLogin } from './mysql/login.ts';
import { MysqlBench } from './mysql/mysql-bench.ts';

describe('the MySQL gateway', function () {
  this.timeout(60_000);
  const bench = new MysqlBench();
  before(async function () {
    this.timeout(300_000); // the engine may have to be installed
    await bench.start();
  });
  after(() => bench.stop());
  afterEach(() => bench.cleanUp());

  for (const test of [testLogin, testAadUsers, testAdministrators, testFaults, testLine]) test(bench);
});
