import { expect } from 'chai';
import { type Cloud, clouds, customCloud } from '../../../src/azure/cloud.ts';
import { isServerHost } from '../../../src/azure/host.ts';

const suffix = clouds.public.suffixes.PostgreSQL;
const custom = {
  authority: 'https://127.0.0.1:4433',
  armEndpoint: 'https://127.0.0.1:4434',
  armScope: 'https://management.azure.com/.default',
  ossrdbmsScope: 'https://ossrdbms-aad.database.windows.net/.default',
  sqlScope: 'https://database.windows.net/.default',
  suffixes: { PostgreSQL: '127.0.46.0/24', MySQL: '127.0.46.0/24', AzureSQL: '.sql.local' },
};

describe('a server’s host', () => {
  for (const host of ['shop-pg.postgres.database.azure.com', 'SHOP-PG.Postgres.Database.Azure.COM', 'a.postgres.database.azure.com']) {
    it(`may be ${host}`, () => {
      expect(isServerHost(host, suffix, 'public')).to.equal(true);
    });
  }

  for (const host of [
    '',
    'postgres.database.azure.com',
    '.postgres.database.azure.com',
    'evil.example',
    'a.b.postgres.database.azure.com',
    'evil.example/.postgres.database.azure.com',
    'evil.example#.postgres.database.azure.com',
    'user@a.postgres.database.azure.com',
    'a.postgres.database.azure.com.',
    'a.postgres.database.azure.com.evil.example',
    'apostgres.database.azure.com',
    '-a.postgres.database.azure.com',
    'a-.postgres.database.azure.com',
    'a_b.postgres.database.azure.com',
    `${'a'.repeat(64)}.postgres.database.azure.com`,
    '\u212a.postgres.database.azure.com',
    'a.postgre\u017f.database.azure.com',
    ' a.postgres.database.azure.com',
    'a.postgres.database.azure.com\n',
    'a.mysql.database.azure.com',
    '127.0.46.1',
  ]) {
    it(`may not be ${JSON.stringify(host)}`, () => {
      expect(isServerHost(host, suffix, 'public')).to.equal(false);
    });
  }

  it('may be an address in the range of a custom cloud, and only of that', () => {
    for (const [host, range, name, expected] of [
      ['127.0.46.0', '127.0.46.0/24', 'custom', true],
      ['127.0.46.255', '127.0.46.0/24', 'custom', true],
      ['127.0.47.0', '127.0.46.0/24', 'custom', false],
      ['127.0.45.255', '127.0.46.0/24', 'custom', false],
      ['255.255.255.255', '255.255.255.255/32', 'custom', true],
      ['255.255.255.254', '255.255.255.255/32', 'custom', false],
      ['10.20.30.40', '10.16.0.0/12', 'custom', true],
      ['127.0.46.1', '127.0.46.0/24', 'public', false],
      ['127.0.046.1', '127.0.46.0/24', 'custom', false],
      ['127.0.46', '127.0.46.0/24', 'custom', false],
      ['0x7f.0.46.1', '127.0.46.0/24', 'custom', false],
      ['127.0.46.256', '127.0.46.0/24', 'custom', false],
      ['127.0.46.1 ', '127.0.46.0/24', 'custom', false],
      ['127.0.46.1', '127.0.46.0/33', 'custom', false],
      ['127.0.46.1', '127.0.46.0', 'custom', false],
    ] as const satisfies readonly (readonly [string, string, Cloud['name'], boolean])[]) {
      expect(isServerHost(host, range, name), `${host} in ${range} of ${name}`).to.equal(expected);
    }
  });
});

describe('a custom cloud', () => {
  it('has the endpoints that it is given', () => {
    expect(customCloud(custom)).to.deep.equal({ name: 'custom', ...custom });
  });

  for (const [field, value] of [
    ['authority', 'http://127.0.0.1'],
    ['authority', 'https://127.0.0.1/tenant'],
    ['armEndpoint', 'https://user@127.0.0.1'],
    ['armEndpoint', 'management.azure.com'],
    ['armScope', 'https://management.azure.com'],
    ['sqlScope', ''],
  ] as const) {
    it(`can’t have the ${field} ${JSON.stringify(value)}`, () => {
      expect(() => customCloud({ ...custom, [field]: value })).to.throw(TypeError, field);
    });
  }

  for (const value of ['', 'postgres.local', '.', '.a..b', '.UPPER', '*', '127.0.0.0', '127.0.0.0/40']) {
    it(`can’t have servers at ${JSON.stringify(value)}`, () => {
      expect(() => customCloud({ ...custom, suffixes: { ...custom.suffixes, MySQL: value } })).to.throw(TypeError, 'MySQL');
    });
  }
});
