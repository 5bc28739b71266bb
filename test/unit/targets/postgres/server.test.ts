import { expect } from 'chai';
import { ConnectionError } from '../../../../src/api/connection-error.ts';
import type { PostgresAdministrator } from '../../../../src/azure/postgres-servers.ts';
import type { ResourceId } from '../../../../src/azure/resource-id.ts';
import { type AzureServer, ServerObserver } from '../../../../src/targets/postgres/server.ts';
import { SetupNeeded } from '../../../../src/targets/setup-needed.ts';
import { rejection } from '../../../support/eventually.ts';

const serverId: ResourceId = {
  kind: 'postgresServer',
  subscriptionId: '00000000-0000-4000-8000-000000000001',
  resourceGroup: 'g',
  names: ['s'],
};
const operator = 'AAAAAAAA-0000-4000-8000-000000000001';
const ready: AzureServer = { host: 's.postgres.database.azure.com', state: 'Ready', entraAuthentication: 'Enabled' };
const administrator = (principalName: string, change: Partial<PostgresAdministrator> = {}): PostgresAdministrator => ({
  objectId: 'bbbbbbbb-0000-4000-8000-000000000001',
  principalName,
  principalType: 'Group',
  ...change,
});
const own = administrator('operator', { objectId: operator.toLowerCase(), principalType: 'ServicePrincipal' });

describe('a look at a PostgreSQL server', () => {
  const { signal } = new AbortController();
  let logins: string[];

  function observer(
    server: AzureServer | undefined,
    administrators: readonly PostgresAdministrator[] | undefined,
    admitted: readonly string[],
  ) {
    logins = [];
    return new ServerObserver({
      reads: { readServer: async () => server, listAdministrators: async () => administrators },
      isServerHost: (host) => host.endsWith('.postgres.database.azure.com'),
      operatorObjectId: operator,
      logIn: async ({ login }) => {
        logins.push(login);
        if (!admitted.includes(login))
          throw new ConnectionError('waiting', login === 'down' ? 'Unreachable' : 'NotEntraAdministrator', 'refused');
      },
    });
  }
  const look = (
    server: AzureServer | undefined,
    administrators: readonly PostgresAdministrator[] | undefined = [own],
    admitted = ['operator'],
  ) => observer(server, administrators, admitted).observe(serverId, { signal });

  it('finds the host, and the operator’s name among the administrators', async () =>
    expect(await look(ready, [administrator('dba'), own])).to.deep.equal({
      serverId,
      host: ready.host,
      login: 'operator',
      administratorIds: ['bbbbbbbb-0000-4000-8000-000000000001', operator.toLowerCase()],
      administratorNames: ['dba', 'operator'],
    }));

  const refusals: readonly [string, AzureServer | undefined, string][] = [
    ['is not there', undefined, 'ServerNotFound'],
    ...['Stopped', 'Stopping', 'Starting', 'Disabled', 'Dropping', 'Inaccessible', 'Provisioning'].map(
      (state): [string, AzureServer, string] => [`is ${state}`, { ...ready, state }, 'ServerStopped'],
    ),
    ['has no host yet', { ...ready, host: undefined }, 'ServerStopped'],
    ['has a host elsewhere', { ...ready, host: 'evil.example' }, 'WrongServer'],
    ['has Entra authentication off', { ...ready, entraAuthentication: 'Disabled' }, 'EntraAuthenticationDisabled'],
  ];
  for (const [what, server, reason] of refusals)
    it(`says ${reason} when it ${what}, and logs in nowhere`, async () => {
      expect(await rejection(look(server))).to.include({ name: 'ConnectionError', reason });
      expect(logins).to.deep.equal([]);
    });

  it('tries while the server is being updated', async () =>
    expect((await look({ ...ready, state: 'Updating' })).login).to.equal('operator'));

  it('says that the server is gone when its administrators are', async () => {
    const observing = new ServerObserver({
      reads: { readServer: async () => ready, listAdministrators: async () => undefined },
      isServerHost: () => true,
      operatorObjectId: operator,
      logIn: async () => {},
    });
    expect(await rejection(observing.observe(serverId, { signal }))).to.include({ reason: 'ServerNotFound' });
  });

  it('tries groups in turn, and next time first the one that worked', async () => {
    const groups = [administrator('a'), administrator('b'), administrator('me', { principalType: 'User' })];
    const found = observer(ready, groups, ['b']);
    expect((await found.observe(serverId, { signal })).login).to.equal('b');
    expect(logins).to.deep.equal(['a', 'b']);
    await found.observe(serverId, { signal });
    expect(logins).to.deep.equal(['a', 'b', 'b']);
  });

  it('says whom to make administrator when nobody lets it in', async () => {
    const error = await rejection(look(ready, [administrator('a')], []));
    expect(error).to.include({ kind: 'waiting', reason: 'NotEntraAdministrator' });
    expect(error.message).to.include(operator);
  });

  const firewall = new Error('no pg_hba.conf entry for host "20.50.2.10", user "operator", database "postgres", SSL encryption');
  const gaps: readonly [string, AzureServer, readonly PostgresAdministrator[], Error | undefined, object | undefined][] = [
    ['Entra authentication is off', { ...ready, entraAuthentication: 'Disabled' }, [own], undefined, { kind: 'entra-authentication' }],
    [
      'it is no administrator',
      ready,
      [administrator('me', { principalType: 'User' })],
      undefined,
      { kind: 'administrator', sid: operator.toLowerCase(), directoryReaders: undefined },
    ],
    ['the firewall refuses it', ready, [own], firewall, { kind: 'firewall', address: '20.50.2.10' }],
    ['the firewall refuses it, and public access is off', { ...ready, publicNetworkAccess: 'Disabled' }, [own], firewall, undefined],
    ['it is refused as the administrator that it is', ready, [own], new Error('refused'), undefined],
  ];
  for (const [when, server, administrators, refusal, gap] of gaps)
    it(`tells ${gap ? 'what a set-up could change' : 'of no set-up'} when ${when}`, async () => {
      const observing = new ServerObserver({
        reads: { readServer: async () => server, listAdministrators: async () => administrators },
        isServerHost: () => true,
        operatorObjectId: operator,
        logIn: async () => {
          const reason = refusal === firewall ? 'FirewallDenied' : 'NotEntraAdministrator';
          if (refusal) throw new ConnectionError('waiting', reason, 'refused', { cause: refusal });
        },
      });
      const error = await rejection(observing.observe(serverId, { signal }));
      expect(error).to.be.instanceOf(ConnectionError);
      expect(error instanceof SetupNeeded ? error.gap : undefined).to.deep.equal(gap);
      if (!(error instanceof SetupNeeded)) return;
      expect(error.server).to.deep.equal({
        serverId,
        host: ready.host,
        administratorIds: administrators.map(({ objectId }) => objectId),
        login: undefined,
        isBusy: false,
      });
    });

  it('does not take a server that is down for one that refuses', async () => {
    expect(await rejection(look(ready, [administrator('down'), administrator('b')], ['b']))).to.include({ reason: 'Unreachable' });
    expect(logins).to.deep.equal(['down']);
  });
});
