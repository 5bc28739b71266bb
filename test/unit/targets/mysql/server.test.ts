import { expect } from 'chai';
import { ConnectionError } from '../../../../src/api/connection-error.ts';
import type { MysqlAdministrator } from '../../../../src/azure/mysql-servers.ts';
import type { ResourceId } from '../../../../src/azure/resource-id.ts';
import { type AzureServer, administratorNamesOf, ServerObserver } from '../../../../src/targets/mysql/server.ts';
import { SetupNeeded } from '../../../../src/targets/setup-needed.ts';
import { rejection } from '../../../support/eventually.ts';

const serverId: ResourceId = {
  kind: 'mysqlServer',
  subscriptionId: '00000000-0000-4000-8000-000000000001',
  resourceGroup: 'g',
  names: ['s'],
};
const operator = { principalId: 'AAAAAAAA-0000-4000-8000-000000000001', clientId: 'AAAAAAAA-0000-4000-8000-000000000002' };
const ready: AzureServer = { host: 's.mysql.database.azure.com', state: 'Ready' };
const byObjectId: MysqlAdministrator = { login: 'operator', sid: operator.principalId.toLowerCase() };
const byClientId: MysqlAdministrator = { login: 'operator', sid: operator.clientId.toLowerCase() };
const other: MysqlAdministrator = { login: 'dba', sid: 'bbbbbbbb-0000-4000-8000-000000000001' };

describe('a look at a MySQL server', () => {
  const { signal } = new AbortController();
  let logins: string[];

  function look(
    server: AzureServer | undefined,
    administrators: readonly MysqlAdministrator[] | undefined = [byObjectId],
    refusal: Record<string, 'NotEntraAdministrator' | 'Unreachable'> = {},
  ) {
    logins = [];
    const observer = new ServerObserver({
      reads: { readServer: async () => server, listAdministrators: async () => administrators },
      isServerHost: (host) => host.endsWith('.mysql.database.azure.com'),
      operator,
      logIn: async ({ login }) => {
        logins.push(login);
        const reason = refusal[login];
        if (reason) throw new ConnectionError('waiting', reason, 'refused');
      },
    });
    return observer.observe(serverId, { signal });
  }

  for (const [by, administrator] of Object.entries({ 'object id': byObjectId, 'client id': byClientId })) {
    it(`knows the operator for the administrator by its ${by}`, async () => {
      const seen = await look(ready, [administrator]);
      expect(seen).to.deep.equal({
        serverId,
        host: ready.host,
        login: 'operator',
        administratorIds: [administrator.sid],
        administratorNames: ['operator'],
      });
      expect(administratorNamesOf(seen)).to.include('operator');
    });
  }

  it('tries the login of an administrator whom it doesn’t know: it may be a group that the operator is in', async () => {
    expect(await look(ready, [other])).to.include({ login: 'dba' });
    expect(logins).to.deep.equal(['dba']);
  });

  it('says that another is administrator, but not who, when that login is refused, and never goes on to a name of its own', async () => {
    const error = await rejection(look(ready, [other], { dba: 'NotEntraAdministrator' }));
    expect(error).to.include({ kind: 'waiting', reason: 'OtherEntraAdministrator' });
    expect(error.message).to.contain(operator.principalId).and.not.to.contain('dba');
    expect(logins).to.deep.equal(['dba']);
  });

  it('says why it can’t log in as itself', async () => {
    expect(await rejection(look(ready, [byObjectId], { operator: 'NotEntraAdministrator' }))).to.include({
      reason: 'NotEntraAdministrator',
    });
  });

  const reader: ResourceId = {
    kind: 'userAssignedIdentity',
    subscriptionId: serverId.subscriptionId,
    resourceGroup: 'g',
    names: ['reads'],
  };
  const directoryReaders = [reader];
  const [principalId, clientId] = [operator.principalId.toLowerCase(), operator.clientId.toLowerCase()];
  const gaps: readonly [string, readonly MysqlAdministrator[], object | undefined][] = [
    ['there is no administrator', [], { kind: 'administrator', sid: principalId, directoryReaders }],
    ['another is administrator', [other], { kind: 'other-administrator', sid: principalId, directoryReaders }],
    ['it is refused by its object id', [byObjectId], { kind: 'administrator', sid: clientId, directoryReaders }],
    ['it is refused by its client id', [byClientId], undefined],
  ];
  for (const [when, administrators, gap] of gaps)
    it(`tells ${gap ? 'what a set-up could change' : 'of no set-up'} when ${when}`, async () => {
      const refusal = { operator: 'NotEntraAdministrator', dba: 'NotEntraAdministrator' } as const;
      const error = await rejection(look({ ...ready, identityIds: directoryReaders }, administrators, refusal));
      expect(error instanceof SetupNeeded ? error.gap : undefined).to.deep.equal(gap);
    });

  it('takes a server that it can’t reach for that, whoever administers it', async () => {
    expect(await rejection(look(ready, [other], { dba: 'Unreachable' }))).to.include({ reason: 'Unreachable' });
  });

  it('prints the command where there is no administrator, and sends no token', async () => {
    const error = await rejection(look(ready, []));
    expect(error).to.include({ kind: 'waiting', reason: 'NotEntraAdministrator' });
    expect(error.message)
      .to.contain('az mysql flexible-server ad-admin create --resource-group g --server-name s ')
      .and.to.contain(operator.principalId);
    expect(logins).to.deep.equal([]);
  });

  const refusals: readonly [string, AzureServer | undefined, string][] = [
    ['is not there', undefined, 'ServerNotFound'],
    ['is stopped', { ...ready, state: 'Stopped' }, 'ServerStopped'],
    ['is being deleted', { ...ready, state: 'Dropping' }, 'ServerStopped'],
    ['has no host yet', { ...ready, host: undefined }, 'ServerStopped'],
    ['is said to be on a host of somebody else', { ...ready, host: 's.evil.example' }, 'WrongServer'],
  ];
  for (const [what, server, reason] of refusals) {
    it(`sends no token to a server that ${what}`, async () => {
      expect(await rejection(look(server))).to.include({ reason });
      expect(logins).to.deep.equal([]);
    });
  }

  it('takes a server that went between two reads for one that is not there', async () => {
    const observer = new ServerObserver({
      reads: { readServer: async () => ready, listAdministrators: async () => undefined },
      isServerHost: () => true,
      operator,
      logIn: async () => {},
    });
    expect(await rejection(observer.observe(serverId, { signal }))).to.include({ reason: 'ServerNotFound' });
  });
});
