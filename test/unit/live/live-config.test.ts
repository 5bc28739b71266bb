import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TargetType } from '../../../src/api/spec.ts';
import { clouds } from '../../../src/azure/cloud.ts';
import { ConfigError } from '../../../src/config.ts';
import { type Environment, readLiveConfig, readWish } from '../../live/live-config.ts';
import { variables } from '../../live/variables.ts';

const guid = (digit: string) => `${digit.repeat(8)}-0000-4000-8000-000000000001`;
const server = (type: string) => `/subscriptions/${guid('a')}/resourceGroups/g/providers/${type}/s`;

const given = {
  AZURE_TENANT_ID: guid('b'),
  AZURE_CLIENT_ID: guid('c'),
  AZURE_CLIENT_SECRET: 'x',
  LIVE_FIRST_CLIENT_ID: guid('d'),
  LIVE_FIRST_CLIENT_SECRET: 'y',
  LIVE_SECOND_CLIENT_ID: guid('e'),
  LIVE_SECOND_CLIENT_SECRET: 'z',
  LIVE_POSTGRESQL_SERVER_ID: server('Microsoft.DBforPostgreSQL/flexibleServers'),
  LIVE_MYSQL_SERVER_ID: server('Microsoft.DBforMySQL/flexibleServers'),
  LIVE_AZURESQL_SERVER_ID: server('Microsoft.Sql/servers'),
  LIVE_AZURESQL_DATABASE: 'empty',
};

function complaint(env: Environment, ...args: readonly string[]): string {
  try {
    readLiveConfig(readWish(args), env);
    return 'accepted';
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return (error as Error).message;
  }
}

describe('npm run test:live', () => {
  it('says what it needs, does and costs, and ends with 2 at the first variable that is missing, telling where it comes from', function () {
    this.timeout(20_000);
    const main = join(import.meta.dirname, '..', '..', 'live', 'main.ts');
    const run = (env: Environment, ...args: readonly string[]) =>
      spawnSync(process.execPath, [main, ...args], { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' });
    const { status, stdout, stderr } = run({});
    expect({ status, stderr }).to.deep.equal({
      status: 2,
      stderr: 'AZURE_TENANT_ID is not set: the Entra tenant of the servers.\n  az account show --query tenantId\n',
    });
    for (const { name } of variables) expect(stdout).to.include(name);
    expect(stdout).to.match(/What it does:.*What it costs:.*--clean-up/s);

    const further = run({ AZURE_TENANT_ID: given.AZURE_TENANT_ID }, '--clean-up');
    expect(further.status).to.equal(2);
    expect(further.stderr).to.match(/^AZURE_CLIENT_ID is not set/);
  });

  it('names each variable that is missing, and takes a federated token instead of the secret', () => {
    expect(complaint(given)).to.equal('accepted');
    expect(variables.map(({ name }) => name)).to.deep.equal(Object.keys(given));
    for (const { name } of variables) expect(complaint({ ...given, [name]: '' })).to.match(new RegExp(`^${name} is not set: `));
    expect(complaint({ ...given, AZURE_CLIENT_SECRET: '', AZURE_FEDERATED_TOKEN_FILE: '/f' })).to.equal('accepted');
  });

  it('asks for what the engines take that are to be tested, and for no more', () => {
    for (const only of ['PostgreSQL', 'MySQL', 'AzureSQL'] as const satisfies readonly TargetType[]) {
      const needed = variables.filter(({ of }) => of === undefined || of === only).map(({ name }) => name);
      const env = Object.fromEntries(Object.entries(given).filter(([name]) => needed.includes(name)));
      const config = readLiveConfig(readWish([`--only=${only}`]), env);
      expect(Object.keys(config.servers)).to.deep.equal([only]);
    }
    expect(() => readWish(['--only=Oracle'])).to.throw(ConfigError, 'not "Oracle"');
  });

  it('takes a cloud as the operator does, and refuses ids that are none', () => {
    expect(readLiveConfig(readWish(['--cloud=usgov']), given).cloud).to.equal(clouds.usgov);
    expect(complaint(given, '--cloud=mars')).to.include('--cloud must be one of');
    expect(complaint({ ...given, LIVE_FIRST_CLIENT_ID: 'shop' })).to.include('LIVE_FIRST_CLIENT_ID must be');
    expect(complaint({ ...given, LIVE_MYSQL_SERVER_ID: given.LIVE_POSTGRESQL_SERVER_ID })).to.include(
      'LIVE_MYSQL_SERVER_ID is not of the form',
    );
  });
});
