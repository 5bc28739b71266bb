import { expect } from 'chai';
import { eventually, metricOf, mysqlServerId, readyConnection, sandbox, testTimeout } from '../support.ts';
import { withTable } from './support.ts';

const connections = 5;

describe('five connections to MySQL, at rest', function () {
  this.timeout(2 * testTimeout);
  withTable('things');

  it('cost two passes no write of any kind and one session', async () => {
    const { journal } = await sandbox();
    for (let index = 0; index < connections; index += 1)
      await readyConnection((spec) => (spec.target = { type: 'MySQL', serverId: mysqlServerId, database: 'orders' }));
    const reconciles = () => metricOf('controller_runtime_reconcile_total', /controller="passwordlessconnection"/);
    const kubernetesWrites = () => metricOf('rest_client_requests_total', /method="(POST|PUT|PATCH|DELETE)"/);
    const afterPasses = async (count: number) => {
      const before = await reconciles();
      await eventually(async () => (await reconciles()) >= before + count * connections, { withinInMs: 40_000 });
    };
    await eventually(
      async () => {
        const before = await kubernetesWrites();
        await afterPasses(1);
        return (await kubernetesWrites()) === before;
      },
      { withinInMs: 40_000 },
    );

    const writes = await kubernetesWrites();
    const from = journal.list().length;
    await afterPasses(2);
    const entries = journal.list().slice(from);

    expect(await kubernetesWrites()).to.equal(writes);
    const mysql = entries.flatMap((each) => (each.kind === 'sql' && each.server === 'shop-mysql' ? [each.statement] : []));
    expect(mysql.filter((statement) => !/^(SELECT|SHOW|SET (NAMES|SESSION)|LOGIN)/.test(statement.trim()))).to.deep.equal([]);
    expect(mysql.filter((statement) => statement === 'LOGIN').length, 'logins').to.be.at.most(1);
    const arm = entries.filter((each) => each.kind === 'arm' && each.method !== 'GET');
    expect(arm).to.deep.equal([]);
  });
});
