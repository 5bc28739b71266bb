import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { MySQLManagementFlexibleServerClient } from '@azure/arm-mysql-flexible';
import { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible';
import { WorkloadIdentityCredential } from '@azure/identity';
import { expect } from 'chai';
import { type Arm, startArm } from '../../sandbox/azure/arm.ts';
import { type Entra, startEntra } from '../../sandbox/azure/entra.ts';
import { roleActions } from '../../sandbox/azure/role.ts';
import type { World } from '../../sandbox/azure/world.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { refusedClient } from '../../sandbox/firewall.ts';
import { rejection } from '../../support/eventually.ts';
import { startTestIssuer, type TestIssuer } from './test-issuer.ts';
import { ids, newCredential, newIdentity, newWorld } from './world.ts';

/** Clients look after a change once a second. */
const writeTimeout = 20_000;
const subject = 'system:serviceaccount:passwordless-system:passwordless-operator';

/** Nothing here knows of the sandbox but by its addresses and its authority. */
describe("Azure's own SDKs", () => {
  const end = new AbortController();
  let folder: string;
  let world: World;
  let journal: Journal;
  let issuer: TestIssuer;
  let entra: Entra;
  let arm: Arm;
  let identities: ManagedServiceIdentityClient;
  let servers: PostgreSQLManagementFlexibleServerClient;
  let mysqlServers: MySQLManagementFlexibleServerClient;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sandbox-sdk-'));
    const authority = await createAuthority();
    const certificate = await authority.issue({ commonName: 'sandbox', ipAddresses: ['127.0.0.1'] });
    const [signal, listen, faults] = [end.signal, { host: '127.0.0.1' }, new Faults()];
    journal = new Journal();
    // what the operator doesn't need, other clients may
    world = newWorld({ operatorActions: [...roleActions, 'Microsoft.DBforPostgreSQL/flexibleServers/databases/read'] });
    for (const server of world.servers) server.firewall = { clientAddress: '20.50.2.10', effectSeconds: 0, rules: [] };
    issuer = await startTestIssuer({ certificate, signal });
    world.identities[0]!.federatedCredentials.push(newCredential({ issuer: issuer.issuer, subject }));
    world.identities.push(newIdentity('third', '3333c000-0000-4000-8000-000000000001', '3333c000-0000-4000-8000-000000000002'));
    entra = await startEntra({ world, certificate, journal, faults, issuerCa: authority.pem, listen, signal });
    arm = await startArm({
      world,
      certificate,
      journal,
      faults,
      verify: entra.verify,
      listen,
      credentialWriteMs: 5,
      serverWriteMs: 5,
      signal,
    });

    const tokenFilePath = join(folder, 'token');
    const now = Math.floor(Date.now() / 1000);
    await writeFile(tokenFilePath, await issuer.sign({ sub: subject, aud: 'api://AzureADTokenExchange', iat: now, exp: now + 600 }));
    const tlsOptions = { ca: authority.pem };
    const credential = new WorkloadIdentityCredential({
      tenantId: ids.tenant,
      clientId: ids.operatorClient,
      tokenFilePath,
      authorityHost: entra.authority,
      disableInstanceDiscovery: true,
      tlsOptions,
    });
    const options = {
      endpoint: arm.endpoint,
      credentialScopes: 'https://management.azure.com/.default',
      retryOptions: { maxRetries: 0 },
      tlsOptions,
    };
    identities = new ManagedServiceIdentityClient(credential, ids.subscription, options);
    servers = new PostgreSQLManagementFlexibleServerClient(credential, ids.subscription, options);
    mysqlServers = new MySQLManagementFlexibleServerClient(credential, ids.subscription, options);
  });

  after(async () => {
    end.abort();
    await Promise.all([issuer.stop(), entra.stop(), arm.stop()]);
    await rm(folder, { recursive: true });
  });

  it('find an identity by its name, and by its client id over several pages', async () => {
    expect(await identities.userAssignedIdentities.get('sandbox', 'shop-orders')).to.include({
      clientId: ids.shopClient,
      principalId: ids.shopPrincipal,
      tenantId: ids.tenant,
      location: 'westeurope',
    });
    const found: (string | undefined)[] = [];
    for await (const { clientId } of identities.userAssignedIdentities.listBySubscription()) found.push(clientId);
    expect(found).to.deep.equal(world.identities.map(({ clientId }) => clientId));
  });

  it('write, read and remove a federated credential', async () => {
    const properties = { issuer: issuer.issuer, subject: 'system:serviceaccount:shop:orders', audiences: ['api://AzureADTokenExchange'] };
    const { federatedIdentityCredentials } = identities;
    const written = await federatedIdentityCredentials.createOrUpdate('sandbox', 'shop-orders', 'cluster-orders', properties);
    expect(written).to.deep.include(properties).and.to.include({ name: 'cluster-orders' });
    expect(await federatedIdentityCredentials.get('sandbox', 'shop-orders', 'cluster-orders')).to.deep.include(properties);
    const listed: (string | undefined)[] = [];
    for await (const { name } of federatedIdentityCredentials.list('sandbox', 'shop-orders')) listed.push(name);
    expect(listed).to.deep.equal(['cluster-orders']);
    await federatedIdentityCredentials.delete('sandbox', 'shop-orders', 'cluster-orders');
    await federatedIdentityCredentials.delete('sandbox', 'shop-orders', 'cluster-orders');
    expect(world.identities[1]!.federatedCredentials).to.deep.equal([]);
  });

  it('read a server, its administrators and its databases', async () => {
    const server = await servers.servers.get('sandbox', 'shop-pg');
    expect(server).to.include({ fullyQualifiedDomainName: '127.0.46.10', state: 'Ready', version: '18', administratorLogin: 'pgadmin' });
    expect(server.authConfig).to.deep.equal({ activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled', tenantId: ids.tenant });
    expect(server.network?.publicNetworkAccess).to.equal('Enabled');
    const administrators: (string | undefined)[] = [];
    for await (const { objectId } of servers.administratorsMicrosoftEntra.listByServer('sandbox', 'shop-pg')) administrators.push(objectId);
    expect(administrators).to.deep.equal([ids.operatorPrincipal]);
    const databases: (string | undefined)[] = [];
    for await (const { name } of servers.databases.listByServer('sandbox', 'shop-pg')) databases.push(name);
    expect(databases).to.have.members(['azure_maintenance', 'azure_sys', 'postgres', 'orders']);
    expect((await servers.databases.get('sandbox', 'shop-pg', 'orders')).charset).to.equal('UTF8');
  });

  it('read a MySQL server and its one administrator', async () => {
    const server = await mysqlServers.servers.get('sandbox', 'shop-mysql');
    expect(server).to.include({
      fullyQualifiedDomainName: '127.0.46.11',
      state: 'Ready',
      version: '8.0.21',
      administratorLogin: 'mysqladmin',
    });
    expect(server.network?.publicNetworkAccess).to.equal('Enabled');
    const expected = { login: 'operator', sid: ids.operatorPrincipal, administratorType: 'ActiveDirectory', tenantId: ids.tenant };
    expect(await mysqlServers.azureADAdministrators.get('sandbox', 'shop-mysql', 'ActiveDirectory')).to.include(expected);
    const listed: object[] = [];
    for await (const each of mysqlServers.azureADAdministrators.listByServer('sandbox', 'shop-mysql')) listed.push(each);
    expect(listed).to.have.length(1);
    expect(listed[0]).to.include({ name: 'ActiveDirectory', ...expected });
  });

  it('switch Entra authentication on, and see the server restart for it', async () => {
    const server = world.servers[0]!;
    let restarts = 0;
    server.restart = async () => {
      restarts += 1;
    };
    server.authConfig = { activeDirectoryAuth: 'Disabled', passwordAuth: 'Enabled' };
    const authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled', tenantId: ids.tenant };
    const changed = await servers.servers.beginUpdateAndWait('sandbox', 'shop-pg', { authConfig });
    expect(changed.authConfig).to.deep.equal(authConfig);
    expect(restarts).to.equal(1);
  }).timeout(writeTimeout);

  it('add an administrator of PostgreSQL beside others, once', async () => {
    const added = { principalType: 'ServicePrincipal', principalName: 'third', tenantId: ids.tenant } as const;
    const { administratorsMicrosoftEntra } = servers;
    const put = () => administratorsMicrosoftEntra.beginCreateOrUpdateAndWait('sandbox', 'shop-pg', ids.shopPrincipal, added);
    expect(await put()).to.include({ objectId: ids.shopPrincipal, principalName: 'third' });
    expect(world.servers[0]?.administrators).to.have.length(2);
    expect((await rejection(put())).message)
      .to.contain('AadAuthPrincipalCreationFailed')
      .and.to.contain('Updating an existing principal');
  }).timeout(writeTimeout);

  it('replace the one administrator of MySQL, with an identity that the server has', async () => {
    const identityResourceId = ids.shopIdentity;
    const wanted = { administratorType: 'ActiveDirectory', login: 'third', sid: ids.shopClient, tenantId: ids.tenant, identityResourceId };
    const put = () => mysqlServers.azureADAdministrators.beginCreateOrUpdateAndWait('sandbox', 'shop-mysql', 'ActiveDirectory', wanted);
    expect((await rejection(put())).message).to.contain('identityResourceId');
    const identity = { type: 'UserAssigned' as const, userAssignedIdentities: { [identityResourceId]: {} } };
    const changed = await mysqlServers.servers.beginUpdateAndWait('sandbox', 'shop-mysql', { identity });
    expect(Object.keys(changed.identity?.userAssignedIdentities ?? {})[0]?.toLowerCase()).to.equal(identityResourceId.toLowerCase());
    await put();
    expect(world.servers[1]?.administrators.map(({ principalName }) => principalName)).to.deep.equal(['third']);
  }).timeout(writeTimeout);

  for (const [engine, index] of [
    ['PostgreSQL', 0],
    ['MySQL', 1],
  ] as const) {
    it(`make, list and remove a firewall rule of ${engine}, one change at a time`, async () => {
      const { firewallRules } = engine === 'MySQL' ? mysqlServers : servers;
      const server = world.servers[index]!;
      const rule = { startIpAddress: '20.50.2.10', endIpAddress: '20.50.2.10' };
      await firewallRules.beginCreateOrUpdateAndWait('sandbox', server.name, 'office', rule);
      expect(refusedClient(server, Date.now())).to.equal(undefined);
      const listed: (string | undefined)[] = [];
      for await (const { name } of firewallRules.listByServer('sandbox', server.name)) listed.push(name);
      expect(listed).to.deep.equal(['office']);
      await firewallRules.beginDeleteAndWait('sandbox', server.name, 'office');
      await firewallRules.beginDeleteAndWait('sandbox', server.name, 'office');
      expect(refusedClient(server, Date.now())).to.equal('20.50.2.10');
      server.operations?.push({ id: 'x', startedAt: 0, status: 'InProgress' });
      const busy = await rejection(firewallRules.beginCreateOrUpdateAndWait('sandbox', server.name, 'office', rule));
      expect(busy).to.include({ statusCode: 409, code: 'ServerBusy' });
      server.operations?.pop();
    }).timeout(writeTimeout);
  }

  it('find no server of one engine among those of the other', async () => {
    const failures: unknown[] = [];
    await mysqlServers.servers.get('sandbox', 'shop-pg').catch((error: unknown) => failures.push(error));
    await servers.servers.get('sandbox', 'shop-mysql').catch((error: unknown) => failures.push(error));
    expect(failures.map((failure) => (failure as { code?: unknown }).code)).to.deep.equal(['ResourceNotFound', 'ResourceNotFound']);
  });

  it('understand a refusal', async () => {
    let failure: unknown;
    await identities.userAssignedIdentities.get('sandbox', 'nobody').catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.include({ name: 'RestError', statusCode: 404, code: 'ResourceNotFound' });
  });

  it('are stopped at what the role of deploy/ does not list', async () => {
    world.operatorActions = [...roleActions];
    let failure: unknown;
    await servers.databases.get('sandbox', 'shop-pg', 'orders').catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.include({ statusCode: 403, code: 'AuthorizationFailed' });
  });

  it('needed one token for all of it', () => {
    expect(journal.list('token')).to.have.length(1);
    expect(journal.list('arm').every(({ by }) => by === ids.operatorClient)).to.equal(true);
  });
});
