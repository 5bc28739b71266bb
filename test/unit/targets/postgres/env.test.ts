import { expect } from 'chai';
import pg from 'pg';
import type { ConnectionError } from '../../../../src/api/connection-error.ts';
import type { ClientType } from '../../../../src/api/spec.ts';
import { secretText } from '../../../../src/runtime/secret-text.ts';
import { settings } from '../../../../src/targets/postgres/env.ts';
import type { SettingsInput } from '../../../../src/targets/target.ts';
import { readAdoNet, readJdbc, readLibpq } from '../connection-string-readers.ts';

const host = 'shop.postgres.database.azure.com';
const clientId = 'bbbbbbbb-0000-4000-8000-000000000002';
const tenantId = '7f0e8f5c-0000-4000-8000-000000000000';

const input: SettingsInput = {
  clientType: 'NodeJS',
  identityType: 'SystemAssigned',
  workloadType: 'WebApp',
  host,
  port: 5432,
  database: 'orders',
  userName: 'aad_shop_orders',
  clientId,
  tenantId,
  clientSecret: secretText('app~secret'),
  prefix: undefined,
};
const userAssigned = { ...input, identityType: 'UserAssigned' } as const;
const servicePrincipal = { ...input, identityType: 'ServicePrincipal' } as const;

/** As https://learn.microsoft.com/azure/service-connector/how-to-integrate-postgres has them for a system-assigned identity. */
const ofServiceConnector = {
  None: {
    AZURE_POSTGRESQL_HOST: host,
    AZURE_POSTGRESQL_USERNAME: 'aad_shop_orders',
    AZURE_POSTGRESQL_DATABASE: 'orders',
    AZURE_POSTGRESQL_PORT: '5432',
    AZURE_POSTGRESQL_SSL: 'true',
  },
  NodeJS: {
    AZURE_POSTGRESQL_HOST: host,
    AZURE_POSTGRESQL_USER: 'aad_shop_orders',
    AZURE_POSTGRESQL_DATABASE: 'orders',
    AZURE_POSTGRESQL_PORT: '5432',
    AZURE_POSTGRESQL_SSL: 'true',
  },
  Django: { AZURE_POSTGRESQL_NAME: 'orders', AZURE_POSTGRESQL_HOST: host, AZURE_POSTGRESQL_USER: 'aad_shop_orders' },
  DotNet: {
    AZURE_POSTGRESQL_CONNECTIONSTRING: `Server=${host};Database=orders;Port=5432;Ssl Mode=Require;User Id=aad_shop_orders;`,
  },
  Java: { AZURE_POSTGRESQL_CONNECTIONSTRING: `jdbc:postgresql://${host}:5432/orders?sslmode=require&user=aad_shop_orders` },
  Python: { AZURE_POSTGRESQL_CONNECTIONSTRING: `dbname=orders host=${host} port=5432 sslmode=require user=aad_shop_orders` },
  Go: { AZURE_POSTGRESQL_CONNECTIONSTRING: `host=${host} dbname=orders sslmode=require user=aad_shop_orders` },
  PHP: { AZURE_POSTGRESQL_CONNECTIONSTRING: `host=${host} port=5432 dbname=orders sslmode=require user=aad_shop_orders` },
  Ruby: { AZURE_POSTGRESQL_CONNECTIONSTRING: `host=${host} port=5432 dbname=orders sslmode=require user=aad_shop_orders` },
} as const satisfies Partial<Record<ClientType, Readonly<Record<string, string>>>>;

describe('settings for PostgreSQL', () => {
  for (const [name, expected] of Object.entries(ofServiceConnector)) {
    const clientType = name as keyof typeof ofServiceConnector;

    it(`are those of Service Connector for ${clientType} with a system-assigned identity`, () =>
      expect(settings({ ...input, clientType })).to.deep.equal(expected));

    it(`say which identity it is for ${clientType} with a user-assigned one`, () =>
      expect(settings({ ...userAssigned, clientType })).to.deep.equal({ ...expected, AZURE_POSTGRESQL_CLIENTID: clientId }));

    it(`hold the secret for ${clientType} with a service principal`, () =>
      expect(settings({ ...servicePrincipal, clientType })).to.deep.equal({
        ...expected,
        AZURE_POSTGRESQL_CLIENTID: clientId,
        AZURE_POSTGRESQL_CLIENTSECRET: 'app~secret',
        AZURE_POSTGRESQL_TENANTID: tenantId,
      }));

    it(`take another prefix for ${clientType}`, () =>
      expect(Object.keys(settings({ ...servicePrincipal, clientType, prefix: 'ORDERS_DB' }))).to.have.members(
        Object.keys(settings({ ...servicePrincipal, clientType })).map((key) => key.replace('AZURE_POSTGRESQL', 'ORDERS_DB')),
      ));

    it(`lead to another port for ${clientType}`, () => {
      const { AZURE_POSTGRESQL_CONNECTIONSTRING: text, AZURE_POSTGRESQL_PORT: port } = settings({ ...input, clientType, port: 6432 });
      expect(text ?? port).to.match(/(^|port=|:)6432\b/i);
    });
  }

  it('do without a secret for a managed identity, and never leave out that of a service principal', () => {
    const { clientSecret: _, ...secretless } = input;
    expect(settings({ ...secretless, identityType: 'UserAssigned' })).to.have.property('AZURE_POSTGRESQL_CLIENTID', clientId);
    for (const clientType of ['None', 'SpringBoot', 'ServiceBinding'] as const)
      expect(() => settings({ ...secretless, clientType, identityType: 'ServicePrincipal' })).to.throw('need its client secret');
  });

  describe('with hostile names', () => {
    const names = [
      'x?host=evil&sslmode=disable',
      'x host=evil sslmode=disable',
      "x' host=evil sslmode='disable",
      "x\\' host=evil",
      'a;Host=evil;Ssl Mode=Disable',
      '";Host=evil;x="',
      `"'; Host=evil;`,
      '@evil:5432/x?',
      '#x',
      '%3Fhost=evil',
      'a+b %20',
      '数据 größe',
    ];
    for (const database of names)
      for (const userName of [names[0] ?? '', database]) {
        const hostile = { ...input, database, userName };
        const text = (clientType: ClientType) => settings({ ...hostile, clientType }).AZURE_POSTGRESQL_CONNECTIONSTRING ?? '';

        it(`lead to no other host for database ${database} and user ${userName}`, () => {
          expect(readAdoNet(text('DotNet'))).to.deep.equal({
            server: host,
            database,
            port: '5432',
            'ssl mode': 'Require',
            'user id': userName,
          });
          expect(readJdbc(text('Java'))).to.deep.equal({ host, port: '5432', database, sslmode: 'require', user: userName });
          expect(readLibpq(text('Go'))).to.deep.equal({ host, dbname: database, sslmode: 'require', user: userName });
          for (const clientType of ['Python', 'PHP', 'Ruby'] as const)
            expect(readLibpq(text(clientType)), clientType).to.deep.equal({
              host,
              port: '5432',
              dbname: database,
              sslmode: 'require',
              user: userName,
            });
          expect(readJdbc(settings({ ...hostile, clientType: 'SpringBoot' })['spring.datasource.url'] ?? '')).to.deep.equal({
            host,
            port: '5432',
            database,
            sslmode: 'require',
          });
        });

        it(`lead node-postgres to no other host for database ${database} and user ${userName}`, () => {
          // With sslmode=require the driver warns of its next major version.
          const uri = settings({ ...hostile, clientType: 'ServiceBinding' }).uri?.replace(/sslmode=require$/, 'sslmode=verify-full');
          const client = new pg.Client({ ...(uri && { connectionString: uri }) });
          expect(client).to.deep.include({ host, port: 5432, user: userName, ssl: {} });
          // It decodes a database's name by decodeURI, which leaves ; / ? : @ & = + $ , # encoded: it then finds no database, but never another server.
          expect(client.database).to.equal(decodeURI(encodeURIComponent(database)));
        });
      }
  });

  describe('for Spring Boot', () => {
    const datasource = {
      'spring.datasource.azure.passwordless-enabled': 'true',
      'spring.datasource.url': `jdbc:postgresql://${host}:6432/orders?sslmode=require`,
      'spring.datasource.username': 'aad_shop_orders',
    };
    const spring = { clientType: 'SpringBoot', port: 6432, prefix: 'IGNORED' } as const;

    it('are properties without a prefix', () => expect(settings({ ...input, ...spring })).to.deep.equal(datasource));

    it('switch managed identities on by the name that Spring reads, beside that of Service Connector', () =>
      expect(settings({ ...userAssigned, ...spring })).to.deep.equal({
        ...datasource,
        'spring.cloud.azure.credential.client-id': clientId,
        'spring.cloud.azure.credential.client-managed-identity-enabled': 'true',
        'spring.cloud.azure.credential.managed-identity-enabled': 'true',
      }));

    it('name the tenant where Spring reads it, beside where Service Connector writes it', () =>
      expect(settings({ ...servicePrincipal, ...spring })).to.deep.equal({
        ...datasource,
        'spring.cloud.azure.credential.client-id': clientId,
        'spring.cloud.azure.credential.client-secret': 'app~secret',
        'spring.cloud.azure.credential.tenant-id': tenantId,
        'spring.cloud.azure.profile.tenant-id': tenantId,
      }));

    const placeholder = '${spring.cloud.azure.credential.client-secret}';
    const placeholders: Readonly<Record<string, Partial<SettingsInput>>> = {
      'user name': { userName: `x${placeholder}` },
      'client secret': { identityType: 'ServicePrincipal', clientSecret: secretText(`x${placeholder}`) },
    };
    for (const [what, change] of Object.entries(placeholders))
      it(`are refused for a ${what} in which Spring would replace something, without showing it`, () =>
        expect(() => settings({ ...input, ...spring, ...change }))
          .to.throw()
          .that.satisfies(
            ({ kind, reason, message }: ConnectionError) =>
              kind === 'stalled' && reason === 'SettingNotAllowed' && !message.includes('spring.cloud'),
          ));

    it('encode what Spring would replace in the URL', () =>
      expect(settings({ ...input, ...spring, database: placeholder })['spring.datasource.url']).not.to.include('${'));
  });

  describe('for a service binding', () => {
    const binding = { clientType: 'ServiceBinding', port: 6432, prefix: 'IGNORED' } as const;
    const entries = {
      type: 'postgresql',
      provider: 'azure',
      host,
      port: '6432',
      database: 'orders',
      username: 'aad_shop_orders',
      uri: `postgresql://aad_shop_orders@${host}:6432/orders?sslmode=require`,
    };

    for (const identity of [input, userAssigned])
      it(`are the well-known entries without a prefix for ${identity.identityType}`, () =>
        expect(settings({ ...identity, ...binding })).to.deep.equal(entries));

    it('hold what a service principal logs in with', () =>
      expect(settings({ ...servicePrincipal, ...binding })).to.deep.equal({
        ...entries,
        'client-id': clientId,
        'client-secret': 'app~secret',
        'tenant-id': tenantId,
      }));
  });
});
