import { expect } from 'chai';
import fc from 'fast-check';
import mysql from 'mysql2';
import type { ConnectionError } from '../../../../src/api/connection-error.ts';
import type { ClientType } from '../../../../src/api/spec.ts';
import { secretText } from '../../../../src/runtime/secret-text.ts';
import { settings } from '../../../../src/targets/mysql/env.ts';
import type { SettingsInput } from '../../../../src/targets/target.ts';
import { readAdoNet, readGoDsn, readJdbc } from '../connection-string-readers.ts';

const host = 'shop.mysql.database.azure.com';
const clientId = 'bbbbbbbb-0000-4000-8000-000000000002';
const tenantId = '7f0e8f5c-0000-4000-8000-000000000000';

const input: SettingsInput = {
  clientType: 'NodeJS',
  identityType: 'SystemAssigned',
  workloadType: 'WebApp',
  host,
  port: 3306,
  database: 'orders',
  userName: 'aad_shop_orders',
  clientId,
  tenantId,
  clientSecret: secretText('app~secret'),
  prefix: undefined,
};
const userAssigned = { ...input, identityType: 'UserAssigned' } as const;
const servicePrincipal = { ...input, identityType: 'ServicePrincipal' } as const;

/**
 * As https://learn.microsoft.com/azure/service-connector/how-to-integrate-mysql has them for a system-assigned identity, but for what Java and Go need:
 * sslMode in the driver's own spelling, and leave to send a token.
 */
const ofServiceConnector = {
  None: {
    AZURE_MYSQL_HOST: host,
    AZURE_MYSQL_USERNAME: 'aad_shop_orders',
    AZURE_MYSQL_DATABASE: 'orders',
    AZURE_MYSQL_PORT: '3306',
    AZURE_MYSQL_SSL: 'true',
  },
  NodeJS: {
    AZURE_MYSQL_HOST: host,
    AZURE_MYSQL_USER: 'aad_shop_orders',
    AZURE_MYSQL_DATABASE: 'orders',
    AZURE_MYSQL_PORT: '3306',
    AZURE_MYSQL_SSL: 'true',
  },
  Python: { AZURE_MYSQL_NAME: 'orders', AZURE_MYSQL_HOST: host, AZURE_MYSQL_USER: 'aad_shop_orders' },
  Django: { AZURE_MYSQL_NAME: 'orders', AZURE_MYSQL_HOST: host, AZURE_MYSQL_USER: 'aad_shop_orders' },
  DotNet: { AZURE_MYSQL_CONNECTIONSTRING: `Server=${host};Database=orders;Port=3306;User Id=aad_shop_orders;SSL Mode=Required;` },
  Java: { AZURE_MYSQL_CONNECTIONSTRING: `jdbc:mysql://${host}:3306/orders?sslMode=REQUIRED&user=aad_shop_orders` },
  Go: { AZURE_MYSQL_CONNECTIONSTRING: `aad_shop_orders@tcp(${host}:3306)/orders?tls=true&allowCleartextPasswords=true` },
  PHP: {
    AZURE_MYSQL_DBNAME: 'orders',
    AZURE_MYSQL_HOST: host,
    AZURE_MYSQL_PORT: '3306',
    AZURE_MYSQL_FLAG: 'MySQL_CLIENT_SSL',
    AZURE_MYSQL_USERNAME: 'aad_shop_orders',
  },
  Ruby: {
    AZURE_MYSQL_DATABASE: 'orders',
    AZURE_MYSQL_HOST: host,
    AZURE_MYSQL_USERNAME: 'aad_shop_orders',
    AZURE_MYSQL_SSLMODE: 'required',
  },
} as const satisfies Record<Exclude<ClientType, 'SpringBoot' | 'ServiceBinding'>, Readonly<Record<string, string>>>;

function refusal(input: SettingsInput): Pick<ConnectionError, 'kind' | 'reason' | 'message'> | undefined {
  try {
    settings(input);
    return undefined;
  } catch (error) {
    return error as ConnectionError;
  }
}

describe('settings for MySQL', () => {
  for (const [name, expected] of Object.entries(ofServiceConnector)) {
    const clientType = name as keyof typeof ofServiceConnector;

    it(`are those of Service Connector for ${clientType} with a system-assigned identity`, () =>
      expect(settings({ ...input, clientType })).to.deep.equal(expected));

    it(`say which identity it is for ${clientType} with a user-assigned one, wherever it runs`, () => {
      for (const workloadType of ['WebApp', 'ServiceAccount'] as const)
        expect(settings({ ...userAssigned, clientType, workloadType })).to.deep.equal({ ...expected, AZURE_MYSQL_CLIENTID: clientId });
    });

    it(`hold the secret for ${clientType} with a service principal`, () =>
      expect(settings({ ...servicePrincipal, clientType })).to.deep.equal({
        ...expected,
        AZURE_MYSQL_CLIENTID: clientId,
        AZURE_MYSQL_CLIENTSECRET: 'app~secret',
        AZURE_MYSQL_TENANTID: tenantId,
      }));

    it(`take another prefix for ${clientType}`, () =>
      expect(Object.keys(settings({ ...servicePrincipal, clientType, prefix: 'ORDERS_DB' }))).to.have.members(
        Object.keys(settings({ ...servicePrincipal, clientType })).map((key) => key.replace('AZURE_MYSQL', 'ORDERS_DB')),
      ));

    it(`lead to another port for ${clientType}`, () => {
      const { AZURE_MYSQL_CONNECTIONSTRING: text, AZURE_MYSQL_PORT: port } = settings({ ...input, clientType, port: 6033 });
      expect(text ?? port).to.match(/(^|port=|:)6033\b/i);
    });
  }

  describe('with hostile names', () => {
    const names = [
      'x?host=evil&sslMode=DISABLED',
      "x' host=evil",
      'a;Host=evil;SSL Mode=None',
      '";Host=evil;x="',
      `"'; Host=evil;`,
      '@evil(5432)/x?',
      '@tcp(evil)/x?tls=false#',
      ')/(evil',
      '#x',
      '%3Fhost=evil',
      'a+b %20',
      'address=(host=evil)',
      '数据 größe',
    ];
    for (const database of names)
      for (const userName of [names[0] ?? '', database]) {
        const hostile = { ...input, database, userName };
        const text = (clientType: ClientType) => settings({ ...hostile, clientType }).AZURE_MYSQL_CONNECTIONSTRING ?? '';
        const place = { host, port: '3306', database };

        it(`lead to no other host for database ${database} and user ${userName}`, () => {
          expect(readAdoNet(text('DotNet'))).to.deep.equal({
            server: host,
            database,
            port: '3306',
            'user id': userName,
            'ssl mode': 'Required',
          });
          expect(readJdbc(text('Java'))).to.deep.equal({ ...place, sslMode: 'REQUIRED', user: userName });
          expect(readGoDsn(text('Go'))).to.deep.equal({ ...place, user: userName, tls: 'true', allowCleartextPasswords: 'true' });
          expect(readJdbc(settings({ ...hostile, clientType: 'SpringBoot' })['spring.datasource.url'] ?? '')).to.deep.equal({
            ...place,
            sslMode: 'REQUIRED',
          });
        });

        it(`lead mysql2 to no other host for database ${database} and user ${userName}`, async () => {
          // The driver says on the console that it doesn't know ssl-mode.
          const uri = settings({ ...hostile, clientType: 'ServiceBinding' }).uri?.replace(/\?ssl-mode=REQUIRED$/, '') ?? '';
          const pool = mysql.createPool({ uri });
          const { connectionConfig } = pool.config as unknown as { connectionConfig: object };
          expect(connectionConfig).to.deep.include({ host, port: 3306, database, user: userName });
          await pool.promise().end();
        });
      }

    it('lead Go’s driver nowhere else, whatever the names are', () =>
      fc.assert(
        fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 }), (database, userName) => {
          fc.pre(!userName.includes(':') && userName.isWellFormed() && database.isWellFormed());
          const dsn = settings({ ...input, clientType: 'Go', database, userName }).AZURE_MYSQL_CONNECTIONSTRING ?? '';
          expect(readGoDsn(dsn)).to.deep.include({ host, port: '3306', database, user: userName, tls: 'true' });
        }),
      ));

    it('are refused for a user whose name Go’s driver would cut at a colon', () => {
      const colon = { ...input, userName: 'aad:shop' };
      expect(refusal({ ...colon, clientType: 'Go' })).to.deep.include({ kind: 'stalled', reason: 'SettingNotAllowed' });
      expect(refusal({ ...colon, clientType: 'Java' })).to.equal(undefined);
    });
  });

  describe('for Spring Boot', () => {
    const datasource = {
      'spring.datasource.azure.passwordless-enabled': 'true',
      'spring.datasource.url': `jdbc:mysql://${host}:6033/orders?sslMode=REQUIRED`,
      'spring.datasource.username': 'aad_shop_orders',
    };
    const spring = { clientType: 'SpringBoot', port: 6033, prefix: 'IGNORED' } as const;

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

    it('are refused for a user name in which Spring would replace something, without showing it', () => {
      const refused = refusal({ ...input, ...spring, userName: `x${placeholder}` });
      expect(refused).to.deep.include({ kind: 'stalled', reason: 'SettingNotAllowed' });
      expect(refused?.message).not.to.include('spring.cloud');
    });

    it('encode what Spring would replace in the URL', () =>
      expect(settings({ ...input, ...spring, database: placeholder })['spring.datasource.url']).not.to.include('${'));
  });

  describe('for a service binding', () => {
    const binding = { clientType: 'ServiceBinding', port: 6033, prefix: 'IGNORED' } as const;
    const entries = {
      type: 'mysql',
      provider: 'azure',
      host,
      port: '6033',
      database: 'orders',
      username: 'aad_shop_orders',
      uri: `mysql://aad_shop_orders@${host}:6033/orders?ssl-mode=REQUIRED`,
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
