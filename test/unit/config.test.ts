import { expect } from 'chai';
import { clouds } from '../../src/azure/cloud.ts';
import { type Config, ConfigError, readConfig } from '../../src/config.ts';

const env = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_FEDERATED_TOKEN_FILE: '/f' };

function read(...args: string[]): Config {
  const config = readConfig(args, env);
  if (config === 'help') throw new Error('help was not asked for');
  return config;
}

function complaint(args: readonly string[], environment: Record<string, string> = env): string {
  try {
    readConfig(args, environment);
    return 'accepted';
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return (error as Error).message;
  }
}

const custom = [
  '--cloud=custom',
  '--authority=https://127.0.0.1:1',
  '--arm-endpoint=https://127.0.0.1:2',
  '--arm-scope=a/.default',
  '--ossrdbms-scope=o/.default',
  '--sql-scope=s/.default',
  '--postgresql-suffix=127.0.46.0/24',
  '--mysql-suffix=.x',
  '--azuresql-suffix=.y',
];

describe('readConfig', () => {
  it('takes the public cloud and ten minutes when told nothing', () => {
    const config = read();
    expect(config.cloud).to.equal(clouds.public);
    expect(config).to.include({ driftIntervalInMs: 600_000, namespace: 'passwordless-system', logLevel: 'info' });
  });

  it('reads times', () => {
    expect(read('--drift-interval=90s').driftIntervalInMs).to.equal(90_000);
    expect(read('--drift-interval=1h').driftIntervalInMs).to.equal(3_600_000);
    expect([read(), read('--egress-ips=20.50.2.10, 20.50.2.11')].map(({ egressAddresses }) => egressAddresses)).to.deep.equal([
      [],
      ['20.50.2.10', '20.50.2.11'],
    ]);
    expect([read(), read('--abandon-after=30s')].map(({ abandonAfterInMs }) => abandonAfterInMs)).to.deep.equal([300_000, 30_000]);
  });

  it('takes a custom cloud with all its fields, and refuses one with a field missing', () => {
    expect(read(...custom).cloud).to.deep.include({ name: 'custom', armEndpoint: 'https://127.0.0.1:2' });
    for (const flag of custom.slice(1)) expect(complaint(custom.filter((each) => each !== flag))).to.include(flag.split('=')[0]);
  });

  const refused: Record<string, [readonly string[], RegExp]> = {
    'an unknown flag': [['--nope=1'], /--nope/],
    'a field of a custom cloud for another cloud': [['--authority=https://x'], /--authority needs --cloud=custom/],
    'an unknown cloud': [['--cloud=moon'], /public, usgov, china, custom/],
    'a time without unit': [['--drift-interval=10'], /such as 30s, 10m or 1h/],
    'no time at all': [['--drift-interval=0s'], /from 1s to 168h/],
    'a time beyond what a timer can hold': [['--drift-interval=600h'], /from 1s to 168h/],
    'a namespace without a name': [['--namespace='], /name of a namespace/],
    'a suffix that is no domain': [custom.map((flag) => flag.replace('=.x', '=x')), /--cloud=custom: the suffix of MySQL/],
    'an http authority': [custom.map((flag) => flag.replace('authority=https', 'authority=http')), /https URL/],
    'a private address for its own': [['--egress-ips=20.50.2.10,10.0.0.1'], /--egress-ips takes public IPv4 addresses.*10\.0\.0\.1/],
    'no worker': [['--workers=0'], /from 1 to 1024/],
  };
  for (const [what, [args, says]] of Object.entries(refused)) {
    it(`refuses ${what}, and says what it takes`, () => expect(complaint(args)).to.match(says));
  }

  it('says how to get an identity where it has none', () => {
    expect(complaint([], {})).to.match(/AZURE_TENANT_ID is not set.*azure.workload.identity\/use/);
  });
});
