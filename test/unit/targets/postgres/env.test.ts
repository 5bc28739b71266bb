import { expect } from 'chai';
import type { ConnectionError } from '../../../../src/api/connection-error.ts';
import { settings } from '../../../../src/targets/postgres/env.ts';
import type { SettingsInput } from '../../../../src/targets/target.ts';

const input: SettingsInput = {
  clientType: 'NodeJS',
  identityType: 'UserAssigned',
  host: 'shop.postgres.database.azure.com',
  port: 5432,
  database: 'or;ders=1',
  userName: 'aad_shop_orders',
  clientId: 'bbbbbbbb-0000-4000-8000-000000000002',
  tenantId: '7f0e8f5c-0000-4000-8000-000000000000',
  prefix: undefined,
};

describe('settings for PostgreSQL', () => {
  it('are those of Service Connector for Node.js', () =>
    expect(settings(input)).to.deep.equal({
      AZURE_POSTGRESQL_HOST: 'shop.postgres.database.azure.com',
      AZURE_POSTGRESQL_USER: 'aad_shop_orders',
      AZURE_POSTGRESQL_DATABASE: 'or;ders=1',
      AZURE_POSTGRESQL_PORT: '5432',
      AZURE_POSTGRESQL_SSL: 'true',
      AZURE_POSTGRESQL_CLIENTID: 'bbbbbbbb-0000-4000-8000-000000000002',
    }));

  it('call the user USERNAME where there is no client type', () => {
    const found = settings({ ...input, clientType: 'None' });
    expect(found).to.have.property('AZURE_POSTGRESQL_USERNAME', 'aad_shop_orders');
    expect(found).not.to.have.property('AZURE_POSTGRESQL_USER');
  });

  it('take another prefix and port', () =>
    expect(settings({ ...input, prefix: 'ORDERS_DB', port: 6432 })).to.include({
      ORDERS_DB_PORT: '6432',
      ORDERS_DB_USER: 'aad_shop_orders',
    }));

  const unserved: readonly Partial<SettingsInput>[] = [
    ...(['DotNet', 'Java', 'SpringBoot', 'Python', 'Django', 'Go', 'PHP', 'Ruby', 'ServiceBinding'] as const).map((clientType) => ({
      clientType,
    })),
    { identityType: 'SystemAssigned' },
    { identityType: 'ServicePrincipal' },
  ];
  for (const change of unserved)
    it(`are not served for ${Object.values(change)}`, () => {
      expect(() => settings({ ...input, ...change }))
        .to.throw()
        .that.satisfies(({ kind, reason }: ConnectionError) => kind === 'stalled' && reason === 'NotYetServed');
    });
});
