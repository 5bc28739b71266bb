import { testAdministrators } from './postgres/administrators.ts';
import { testFaults } from './postgres/faults.ts';
import { testLine } from './postgres/line.ts';
import { testLogin } from './postgres/login.ts';
import { testPgaadauth } from './postgres/pgaadauth.ts';
import { PostgresBench } from './postgres/postgres-bench.ts';

describe('the PostgreSQL gateway', function () {
  this.timeout(20_000);
  const bench = new PostgresBench();
  before(() => bench.start());
  after(() => bench.stop());
  afterEach(() => bench.cleanUp());

  for (const test of [testLogin, testPgaadauth, testAdministrators, testFaults, testLine]) test(bench);
});
