import { expect } from 'chai';
import type { Fault } from '../sandbox/controls/faults.ts';
import { conditionOf, waitForConnection, waitForReady } from '../support/connections.ts';
import {
  asSuperuser,
  createConnection,
  deleteAllConnections,
  deleteConnection,
  everyPolicy,
  inTime,
  newNamespace,
  newServiceAccount,
  sandbox,
  server,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

/** Each strikes some times while a connection is made and ended, and goes away by itself. */
const faults: Record<string, Fault> = {
  'ARM says 403 for the identity': {
    match: { kind: 'arm', path: 'userAssignedIdentities/shop-orders$' },
    respond: { status: 403, code: 'AuthorizationFailed' },
    times: 2,
  },
  'ARM says 409 for the credential': {
    match: { kind: 'arm', method: 'PUT', path: 'federatedIdentityCredentials' },
    respond: { status: 409, code: 'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity' },
    times: 2,
  },
  'ARM says 429 with Retry-After': {
    match: { kind: 'arm', path: 'flexibleServers/shop-pg$' },
    respond: { status: 429, code: 'TooManyRequests', retryAfter: 1 },
    times: 2,
  },
  'ARM says 429 without Retry-After': {
    match: { kind: 'arm', path: 'administrators' },
    respond: { status: 429, code: 'TooManyRequests' },
    times: 2,
  },
  'ARM says 500': { match: { kind: 'arm' }, respond: { status: 500, code: 'InternalServerError' }, times: 3 },
  'ARM cuts the line before it writes': { match: { kind: 'arm', method: 'PUT' }, respond: { drop: 'before' }, times: 2 },
  'ARM cuts the line after it wrote': { match: { kind: 'arm', method: 'PUT' }, respond: { drop: 'after' }, times: 1 },
  'ARM is slow': { match: { kind: 'arm' }, respond: { delayMs: 1_500 }, times: 3 },
  'the database is starting up': { match: { kind: 'sql', path: '^LOGIN' }, respond: { code: '57P03' }, times: 2 },
  'the database has no connection left': { match: { kind: 'sql', path: '^LOGIN' }, respond: { code: '53300' }, times: 2 },
  'the database cuts the line before the user is made': {
    match: { kind: 'sql', path: 'pgaadauth_create_principal' },
    respond: { drop: 'before' },
    times: 1,
  },
  'the database cuts the line after the user was made': {
    match: { kind: 'sql', path: 'pgaadauth_create_principal' },
    respond: { drop: 'after' },
    times: 1,
  },
  'the database cuts the line before the commit': { match: { kind: 'sql', path: '^COMMIT' }, respond: { drop: 'before' }, times: 3 },
  'the database cuts the line after the commit': { match: { kind: 'sql', path: '^COMMIT' }, respond: { drop: 'after' }, times: 3 },
  'somebody grants at the same time': { match: { kind: 'sql', path: '^GRANT' }, respond: { code: 'XX000' }, times: 2 },
  'somebody holds a lock': { match: { kind: 'sql', path: '^(GRANT|DROP)' }, respond: { code: '55P03' }, times: 2 },
  'the line is cut while the login is taken away': { match: { kind: 'sql', path: 'NOLOGIN' }, respond: { drop: 'after' }, times: 1 },
  'the line is cut while the user is dropped': { match: { kind: 'sql', path: 'DROP ROLE' }, respond: { drop: 'before' }, times: 1 },
};

describe('a connection comes about and ends, though', function () {
  this.timeout(testTimeout);

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
    await asSuperuser('orders', 'CREATE TABLE public.faulty (id int); ALTER TABLE public.faulty OWNER TO azure_pg_admin');
  });

  afterEach(async () => {
    (await sandbox()).faults.clear();
    await deleteAllConnections();
  });

  after(async () => {
    await asSuperuser('orders', 'DROP TABLE public.faulty');
  });

  for (const [what, fault] of Object.entries(faults)) {
    it(what, async () => {
      const { controlPlane, faults, world } = await sandbox();
      const namespace = await newNamespace();
      await newServiceAccount(namespace);
      const key = { namespace, name: 'c' };
      faults.add(fault);
      await createConnection(key, specOf());
      const connection = await waitForReady(controlPlane.api, key, { status: 'True' }, { ...inTime(), withinInMs: 60_000 });
      expect(JSON.stringify(connection.status)).not.to.match(/eyJ[A-Za-z0-9_-]{10}/);
      await deleteConnection(key);
      await waitForConnection(controlPlane.api, key, (each) => each === undefined, { ...inTime(), withinInMs: 60_000 });
      faults.clear();
      const user = connection.status?.databaseUser?.name;
      expect(await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1 AND rolcanlogin', [user])).to.deep.equal([]);
      expect(
        world.identities.flatMap((identity) => identity.federatedCredentials.filter(({ subject }) => subject.includes(`:${namespace}:`))),
      ).to.deep.equal([]);
    });
  }

  it('the database restarts in the middle', async () => {
    const { controlPlane } = await sandbox();
    const namespace = await newNamespace();
    await newServiceAccount(namespace);
    const key = { namespace, name: 'c' };
    await createConnection(key, specOf());
    await waitForConnection(
      controlPlane.api,
      key,
      (each) => conditionOf(each, 'Ready')?.reason === 'Progressing' || conditionOf(each, 'Ready')?.status === 'True',
      inTime(),
    );
    await (await server()).backend.restart(inTime());
    await waitForReady(controlPlane.api, key, { status: 'True' }, { ...inTime(), withinInMs: 60_000 });
  });

  it('a new federated credential takes Entra some seconds: the operator does not wait for that', async () => {
    const { controlPlane, world } = await sandbox();
    world.propagationSeconds = 5;
    try {
      const namespace = await newNamespace();
      await newServiceAccount(namespace);
      await createConnection({ namespace, name: 'c' }, specOf());
      await waitForReady(controlPlane.api, { namespace, name: 'c' }, { status: 'True' }, inTime());
    } finally {
      world.propagationSeconds = 0;
    }
  });
});
