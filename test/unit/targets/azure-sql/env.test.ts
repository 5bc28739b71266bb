import { expect } from 'chai';
import { Connection } from 'tedious';
import type { ConnectionError } from '../../../../src/api/connection-error.ts';
import type { ClientType, IdentityType } from '../../../../src/api/spec.ts';
import { secretText } from '../../../../src/runtime/secret-text.ts';
import { settings } from '../../../../src/targets/azure-sql/env.ts';
import type { SettingsInput } from '../../../../src/targets/target.ts';
import { readAdoNet, readBraced, readSqlServerJdbc } from '../connection-string-readers.ts';

const host = 'shop.database.windows.net';
const clientId = 'bbbbbbbb-0000-4000-8000-000000000002';
const tenantId = '7f0e8f5c-0000-4000-8000-000000000000';
const secret = 'app~secret';

const input: SettingsInput = {
  clientType: 'NodeJS',
  identityType: 'SystemAssigned',
  workloadType: 'WebApp',
  host,
  port: 1433,
  database: 'orders',
  userName: 'aad_shop_orders',
  clientId,
  tenantId,
  clientSecret: secretText(secret),
  prefix: undefined,
};

type Values = Readonly<Record<string, string>>;
/** `pod`: a user-assigned identity of a service account; the others are of an Azure host. */
type Case = IdentityType | 'pod';

const caseInputs: Readonly<Record<Case, Pick<SettingsInput, 'identityType' | 'workloadType'>>> = {
  SystemAssigned: { identityType: 'SystemAssigned', workloadType: 'WebApp' },
  UserAssigned: { identityType: 'UserAssigned', workloadType: 'ContainerApp' },
  ServicePrincipal: { identityType: 'ServicePrincipal', workloadType: 'WebApp' },
  pod: { identityType: 'UserAssigned', workloadType: 'ServiceAccount' },
};

const dotNet = `Data Source=${host},1433;Initial Catalog=orders;`;
const jdbc = `jdbc:sqlserver://${host}:1433;databaseName=orders;`;
const byId = { CLIENTID: clientId };
const bySecret = { CLIENTID: clientId, CLIENTSECRET: secret, TENANTID: tenantId };
const none = { HOST: host, PORT: '1433', DATABASE: 'orders', AUTHENTICATION: 'azure-active-directory-default' };
const node = { SERVER: host, PORT: '1433', DATABASE: 'orders', AUTHENTICATIONTYPE: 'azure-active-directory-default' };
const python = { SERVER: host, PORT: '1433', DATABASE: 'orders', AUTHENTICATION: 'ActiveDirectoryMsi' };
const django = { HOST: host, PORT: '1433', NAME: 'orders' };
const php = { SERVERNAME: `${host},1433`, DATABASE: 'orders' };
const ruby = { HOST: host, PORT: '1433', DATABASE: 'orders' };
const managedPhp = { ...php, AUTHENTICATION: 'ActiveDirectoryMsi' };

/**
 * On Azure hosts as https://learn.microsoft.com/azure/service-connector/how-to-integrate-sql-database has them, but for a service principal of NodeJS and
 * Python, where its words are none that the drivers know; for Go, PHP, Django and Ruby, and in pods, what the drivers need.
 */
const expected: Readonly<Record<Exclude<ClientType, 'SpringBoot' | 'ServiceBinding'>, Readonly<Record<Case, Values>>>> = {
  None: {
    SystemAssigned: none,
    UserAssigned: { ...none, USERNAME: clientId },
    ServicePrincipal: { ...none, USERNAME: clientId, PASSWORD: secret },
    pod: { ...none, USERNAME: clientId },
  },
  NodeJS: {
    SystemAssigned: node,
    UserAssigned: { ...node, ...byId },
    ServicePrincipal: { ...node, AUTHENTICATIONTYPE: 'azure-active-directory-service-principal-secret', ...bySecret },
    pod: { ...node, ...byId },
  },
  Python: {
    SystemAssigned: python,
    UserAssigned: { ...python, USER: clientId },
    ServicePrincipal: { ...python, AUTHENTICATION: 'ActiveDirectoryServicePrincipal', USER: clientId, PASSWORD: secret },
    pod: { ...python, AUTHENTICATION: 'ActiveDirectoryDefault', USER: clientId },
  },
  Django: {
    SystemAssigned: { ...django, EXTRAPARAMS: 'Authentication=ActiveDirectoryMsi' },
    UserAssigned: { ...django, EXTRAPARAMS: `Authentication=ActiveDirectoryMsi;UID=${clientId}` },
    ServicePrincipal: { ...django, EXTRAPARAMS: 'Authentication=ActiveDirectoryServicePrincipal', USER: clientId, PASSWORD: secret },
    pod: { ...django, EXTRAPARAMS: 'Authentication=ActiveDirectoryDefault' },
  },
  DotNet: {
    SystemAssigned: { CONNECTIONSTRING: `${dotNet}Authentication=ActiveDirectoryManagedIdentity` },
    UserAssigned: { CONNECTIONSTRING: `${dotNet}User ID=${clientId};Authentication=ActiveDirectoryManagedIdentity` },
    ServicePrincipal: {
      CONNECTIONSTRING: `${dotNet}User ID=${clientId};Password=${secret};Authentication=ActiveDirectoryServicePrincipal`,
      ...bySecret,
    },
    pod: { CONNECTIONSTRING: `${dotNet}User ID=${clientId};Authentication=ActiveDirectoryDefault` },
  },
  Java: {
    SystemAssigned: { CONNECTIONSTRING: `${jdbc}authentication=ActiveDirectoryMSI;` },
    UserAssigned: { CONNECTIONSTRING: `${jdbc}msiClientId=${clientId};authentication=ActiveDirectoryMSI;` },
    ServicePrincipal: { CONNECTIONSTRING: `${jdbc}user=${clientId};password=${secret};authentication=ActiveDirectoryServicePrincipal;` },
    pod: { CONNECTIONSTRING: `${jdbc}msiClientId=${clientId};authentication=ActiveDirectoryDefault;` },
  },
  Go: {
    SystemAssigned: { CONNECTIONSTRING: `sqlserver://${host}:1433?database=orders&encrypt=true&fedauth=ActiveDirectoryManagedIdentity` },
    UserAssigned: {
      CONNECTIONSTRING: `sqlserver://${clientId}@${host}:1433?database=orders&encrypt=true&fedauth=ActiveDirectoryManagedIdentity`,
    },
    ServicePrincipal: {
      CONNECTIONSTRING: `sqlserver://${clientId}%40${tenantId}:${secret}@${host}:1433?database=orders&encrypt=true&fedauth=ActiveDirectoryServicePrincipal`,
    },
    pod: { CONNECTIONSTRING: `sqlserver://${host}:1433?database=orders&encrypt=true&fedauth=ActiveDirectoryDefault` },
  },
  PHP: {
    SystemAssigned: managedPhp,
    UserAssigned: { ...managedPhp, UID: clientId },
    ServicePrincipal: { ...php, AUTHENTICATION: 'ActiveDirectoryServicePrincipal', UID: clientId, PASSWORD: secret },
    pod: { ...php, ...byId },
  },
  Ruby: { SystemAssigned: ruby, UserAssigned: { ...ruby, ...byId }, ServicePrincipal: { ...ruby, ...bySecret }, pod: { ...ruby, ...byId } },
};

function withPrefix(values: Values, prefix: string): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, value]));
}

describe('settings for Azure SQL', () => {
  for (const [type, cases] of Object.entries(expected)) {
    const clientType = type as keyof typeof expected;

    for (const [name, values] of Object.entries(cases)) {
      it(`are what the client needs for ${clientType} with ${name}`, () =>
        expect(settings({ ...input, ...caseInputs[name as Case], clientType })).to.deep.equal(withPrefix(values, 'AZURE_SQL')));

      it(`take another prefix for ${clientType} with ${name}`, () =>
        expect(settings({ ...input, ...caseInputs[name as Case], clientType, prefix: 'ORDERS_DB' })).to.deep.equal(
          withPrefix(values, 'ORDERS_DB'),
        ));
    }

    it(`lead to another port for ${clientType}`, () =>
      expect(Object.values(settings({ ...input, clientType, port: 11433 })).join('\n')).to.match(/\b11433\b/));

    it(`name no managed identity endpoint in a pod for ${clientType}`, () =>
      expect(Object.values(settings({ ...input, ...caseInputs.pod, clientType })).join('\n')).not.to.match(/Msi\b|ManagedIdentity/i));

    it(`are the same for ${clientType} with a service principal in a pod`, () =>
      expect(settings({ ...input, clientType, identityType: 'ServicePrincipal', workloadType: 'ServiceAccount' })).to.deep.equal(
        withPrefix(cases.ServicePrincipal, 'AZURE_SQL'),
      ));
  }

  it('are settings with which tedious can be made, whatever the identity is', () => {
    for (const identity of Object.values(caseInputs)) {
      const read = settings({ ...input, ...identity, clientType: 'NodeJS' });
      const options = {
        clientId: read['AZURE_SQL_CLIENTID'],
        clientSecret: read['AZURE_SQL_CLIENTSECRET'],
        tenantId: read['AZURE_SQL_TENANTID'],
      };
      const authentication = { type: read['AZURE_SQL_AUTHENTICATIONTYPE'], options } as never;
      const { config } = new Connection({ server: host, authentication }) as unknown as { config: { authentication: { options: object } } };
      const needed = identity.identityType === 'ServicePrincipal' ? options : { clientId: options.clientId };
      expect(config.authentication.options, identity.identityType).to.deep.equal(needed);
    }
  });

  it('do without a secret for a managed identity, and never leave out that of a service principal', () => {
    const { clientSecret: _, ...secretless } = input;
    for (const clientType of [...(Object.keys(expected) as ClientType[]), 'SpringBoot', 'ServiceBinding'] as const) {
      expect(settings({ ...secretless, clientType, identityType: 'UserAssigned' }), clientType).not.to.be.empty;
      expect(() => settings({ ...secretless, clientType, identityType: 'ServicePrincipal' }), clientType).to.throw(
        'need its client secret',
      );
    }
  });

  describe('with a hostile database name and client secret', () => {
    const names = [
      'x?host=evil&encrypt=disable',
      "x' server=evil",
      'a;Data Source=evil;TrustServerCertificate=true',
      '";Data Source=evil;x="',
      `"'; Server=evil;`,
      'a};serverName=evil;x={',
      '{a};serverName=evil;x={',
      '}',
      '@evil:1433?x',
      '#x',
      '%3Fhost=evil',
      'a+b %20',
      ' lead and trail ',
      '数据 größe',
    ];
    for (const name of names) {
      const hostile: SettingsInput = { ...input, identityType: 'ServicePrincipal', database: name, clientSecret: secretText(name) };
      const text = (clientType: ClientType) => settings({ ...hostile, clientType })['AZURE_SQL_CONNECTIONSTRING'] ?? '';

      it(`lead to no other host for ${name}`, () => {
        expect(readAdoNet(text('DotNet'))).to.deep.equal({
          'data source': `${host},1433`,
          'initial catalog': name,
          'user id': clientId,
          password: name,
          authentication: 'ActiveDirectoryServicePrincipal',
        });
        const place = { host, port: '1433', databaseName: name, authentication: 'ActiveDirectoryServicePrincipal' };
        expect(readSqlServerJdbc(text('Java'))).to.deep.equal({ ...place, user: clientId, password: name });
        expect(readSqlServerJdbc(settings({ ...hostile, clientType: 'SpringBoot' })['spring.datasource.url'] ?? '')).to.deep.equal(place);
        for (const go of [text('Go'), settings({ ...hostile, clientType: 'ServiceBinding' })['uri'] ?? '']) {
          const url = new URL(go);
          expect([url.hostname, url.port, url.pathname, url.hash]).to.deep.equal([host, '1433', '', '']);
          expect([url.username, url.password].map(decodeURIComponent)).to.deep.equal([`${clientId}@${tenantId}`, name]);
          expect(Object.fromEntries(url.searchParams)).to.deep.equal({
            database: name,
            encrypt: 'true',
            fedauth: 'ActiveDirectoryServicePrincipal',
          });
        }
      });
    }

    it('add no keyword to what Django hands its driver', () =>
      expect(
        readBraced(
          settings({ ...input, clientType: 'Django', identityType: 'UserAssigned', clientId: 'x;Server=evil' })['AZURE_SQL_EXTRAPARAMS'] ??
            '',
        ),
      ).to.deep.equal({ Authentication: 'ActiveDirectoryMsi', UID: 'x;Server=evil' }));
  });

  describe('for Spring Boot', () => {
    const spring = { clientType: 'SpringBoot', prefix: 'IGNORED' } as const;
    const springCases: Readonly<Record<Case, Values>> = {
      SystemAssigned: { 'spring.datasource.url': `${jdbc}authentication=ActiveDirectoryMSI;` },
      UserAssigned: { 'spring.datasource.url': `${jdbc}msiClientId=${clientId};authentication=ActiveDirectoryMSI;` },
      ServicePrincipal: {
        'spring.datasource.url': `${jdbc}authentication=ActiveDirectoryServicePrincipal;`,
        'spring.datasource.username': clientId,
        'spring.datasource.password': secret,
      },
      pod: { 'spring.datasource.url': `${jdbc}msiClientId=${clientId};authentication=ActiveDirectoryDefault;` },
    };
    for (const [name, values] of Object.entries(springCases))
      it(`are properties without a prefix for ${name}`, () =>
        expect(settings({ ...input, ...caseInputs[name as Case], ...spring })).to.deep.equal(values));

    const placeholders: Readonly<Record<string, Partial<SettingsInput>>> = {
      'database’s name': { database: 'x${spring.datasource.password}' },
      'client secret': { identityType: 'ServicePrincipal', clientSecret: secretText('x${spring.datasource.url}') },
    };
    for (const [what, change] of Object.entries(placeholders))
      it(`are refused for a ${what} in which Spring would replace something, without showing it`, () =>
        expect(() => settings({ ...input, ...spring, ...change }))
          .to.throw()
          .that.satisfies(
            ({ kind, reason, message }: ConnectionError) =>
              kind === 'stalled' && reason === 'SettingNotAllowed' && !message.includes('spring.datasource'),
          ));
  });

  describe('for a service binding', () => {
    const binding = { clientType: 'ServiceBinding', prefix: 'IGNORED' } as const;
    const entries = { type: 'sqlserver', provider: 'azure', host, port: '1433', database: 'orders' };
    const identity = { 'client-id': clientId, 'client-secret': secret, 'tenant-id': tenantId };

    for (const name of Object.keys(caseInputs) as Case[])
      it(`are the well-known entries without a prefix, with Go’s URL, for ${name}`, () =>
        expect(settings({ ...input, ...caseInputs[name], ...binding })).to.deep.equal({
          ...entries,
          uri: expected.Go[name]['CONNECTIONSTRING'],
          ...(name === 'ServicePrincipal' && identity),
        }));
  });
});
