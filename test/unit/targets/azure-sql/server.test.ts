import { expect } from 'chai';
import { ConnectionError } from '../../../../src/api/connection-error.ts';
import { requiredResourceId } from '../../../../src/azure/required-resource-id.ts';
import type { SqlAdministrator, SqlDatabase } from '../../../../src/azure/sql-servers.ts';
import { ServerObserver } from '../../../../src/targets/azure-sql/server.ts';
import { SetupNeeded } from '../../../../src/targets/setup-needed.ts';

const operator = { principalId: 'aaaaaaaa-0000-4000-8000-00000000000A', clientId: 'aaaaaaaa-0000-4000-8000-00000000000C' };
const serverId = requiredResourceId(
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/providers/Microsoft.Sql/servers/shop-sql',
  'sqlServer',
);
const { signal } = new AbortController();

describe('a server of Azure SQL', () => {
  let server: { host: string | undefined; state: string } | undefined;
  let administrators: SqlAdministrator[] | undefined;
  let databases: SqlDatabase[] | undefined;
  let refusal: ConnectionError | undefined;
  let logins: string[];

  beforeEach(() => {
    server = { host: 'shop-sql.database.windows.net', state: 'Ready' };
    administrators = [{ sid: operator.clientId.toLowerCase(), login: 'operator' }];
    databases = [{ name: 'orders', status: 'Online' }];
    refusal = undefined;
    logins = [];
  });

  const observer = () =>
    new ServerObserver({
      reads: { readServer: async () => server, listAdministrators: async () => administrators, listDatabases: async () => databases },
      isServerHost: (host) => host.endsWith('.database.windows.net'),
      operator,
      logIn: async ({ database }) => {
        logins.push(database);
        if (refusal) throw refusal;
      },
    });
  const observe = (database?: string) => observer().observe(serverId, database, { signal });
  const failure = async (database?: string) => {
    try {
      await observe(database);
      return undefined;
    } catch (error) {
      return error as ConnectionError;
    }
  };

  const gapOf = (error: unknown) => (error instanceof SetupNeeded ? error.gap : undefined);

  it('is observed with its administrators, after a login to the database', async () => {
    expect(await observe('orders')).to.deep.equal({
      serverId,
      host: 'shop-sql.database.windows.net',
      database: 'orders',
      login: 'operator',
      administratorIds: [operator.clientId.toLowerCase()],
    });
    expect(logins).to.deep.equal(['orders']);
  });

  it('is observed without a login where no database is named', async () => {
    await observe();
    expect(logins).to.deep.equal([]);
  });

  for (const status of ['Paused', 'Pausing'])
    it(`is observed without a login where the database is ${status}`, async () => {
      databases = [{ name: 'orders', status }];
      await observe('orders');
      expect(logins).to.deep.equal([]);
    });

  it('is observed without a login where there is no such database', async () => {
    await observe('sales');
    expect(logins).to.deep.equal([]);
  });

  it('takes databases for the same whose names differ in case', async () => {
    await observe('Orders');
    expect(logins).to.deep.equal(['Orders']);
  });

  for (const reason of ['DatabaseNotFound', 'DatabaseError'] as const)
    it(`is there although the login says ${reason}`, async () => {
      refusal = new ConnectionError('waiting', reason, 'no');
      expect((await observe('orders')).host).to.be.a('string');
    });

  it('says what the login says of it', async () => {
    refusal = new ConnectionError('waiting', 'FirewallDenied', 'no');
    expect(await failure('orders')).to.equal(refusal);
  });

  it('wants the operator for its administrator where that refuses the login', async () => {
    refusal = new ConnectionError('waiting', 'NotEntraAdministrator', 'no');
    expect(await failure('orders')).to.equal(refusal);
  });

  it('has another administrator where the operator is none and isn’t in the group that is, and does not say who', async () => {
    administrators = [{ sid: 'eeeeeeee-0000-4000-8000-000000000001', login: 'dba-team' }];
    await observe('orders');
    refusal = new ConnectionError('waiting', 'NotEntraAdministrator', 'no');
    const told = await failure('orders');
    expect(told).to.deep.include({ reason: 'OtherEntraAdministrator', kind: 'waiting' });
    expect(told?.message).not.to.include('dba-team');
    expect(gapOf(told)).to.deep.equal({ kind: 'other-administrator', sid: operator.clientId.toLowerCase(), directoryReaders: undefined });
  });

  it('could be set up with the client id where the object id does not do', async () => {
    administrators = [{ sid: operator.principalId.toLowerCase(), login: 'operator' }];
    refusal = new ConnectionError('waiting', 'NotEntraAdministrator', 'no');
    const told = await failure('orders');
    expect(told).to.include({ reason: 'NotEntraAdministrator', message: 'no' });
    expect(gapOf(told)).to.include({ kind: 'administrator', sid: operator.clientId.toLowerCase() });
  });

  it('needs an administrator, and could be set up with the operator', async () => {
    administrators = [];
    const told = await failure('orders');
    expect(told).to.include({ reason: 'NotEntraAdministrator' });
    expect(gapOf(told)).to.include({ kind: 'administrator', sid: operator.clientId.toLowerCase() });
  });

  it('could be opened for the one public address that its firewall names, and for no other', async () => {
    const refused = (address: string) =>
      new ConnectionError('waiting', 'FirewallDenied', 'no', { cause: new Error(`Client with IP address '${address}' is not allowed`) });
    refusal = refused('20.1.2.3');
    expect(gapOf(await failure('orders'))).to.deep.equal({ kind: 'firewall', address: '20.1.2.3' });
    refusal = refused('10.1.2.3');
    expect(gapOf(await failure('orders'))).to.equal(undefined);
  });

  for (const [title, change, reason] of [
    ['is not there', () => (server = undefined), 'ServerNotFound'],
    ['is disabled', () => (server = { host: 'shop-sql.database.windows.net', state: 'Disabled' }), 'ServerStopped'],
    ['has no host yet', () => (server = { host: undefined, state: 'Ready' }), 'ServerStopped'],
    ['has a host elsewhere', () => (server = { host: 'evil.example', state: 'Ready' }), 'WrongServer'],
    ['goes while it is looked at', () => (administrators = undefined), 'ServerNotFound'],
    ['goes while its databases are looked at', () => (databases = undefined), 'ServerNotFound'],
  ] as const)
    it(`says so when it ${title}, and logs in nowhere`, async () => {
      change();
      expect(await failure('orders')).to.include({ reason });
      expect(logins).to.deep.equal([]);
    });
});
