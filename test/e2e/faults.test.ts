import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { type ConnectionKey, conditionOf, waitForConnection, waitForReady } from '../support/connections.ts';
import { lastingFaults } from './faults/lasting.ts';
import { whileEnded, whileMade } from './faults/passing.ts';
import {
  asSuperuser,
  createConnection,
  credentialsOf,
  deleteConnection,
  eventually,
  identityId,
  inTime,
  newNamespace,
  newServiceAccount,
  patchConnection,
  readyConnection,
  sandbox,
  server,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

/** How a token begins; no status may show one. */
const token = /eyJ[A-Za-z0-9_-]{10}/;

/** Ends the operator's sessions, so that it has to log in again. */
async function endSessions(): Promise<void> {
  const { gateway } = await server();
  await gateway.refuseConnections();
  await gateway.acceptConnections();
}

async function newKey(): Promise<ConnectionKey> {
  const namespace = await newNamespace();
  await newServiceAccount(namespace);
  return { namespace, name: 'c' };
}

/** A spec with an identity of its own, of which the operator can't have read anything yet. */
async function freshSpec(): Promise<ConnectionSpec> {
  const { world, postgres } = await sandbox();
  const name = `fresh-${world.identities.length}`;
  const resourceId = identityId(name);
  world.identities.push({ name, resourceId, clientId: randomUUID(), principalId: randomUUID(), federatedCredentials: [] });
  for (const each of postgres.values()) await each.syncPrincipals();
  return specOf((spec) => (spec.identity.userAssigned = { resourceId }));
}

/** Waits until a fault has struck as often as it may. */
async function hasStruck(): Promise<void> {
  const { faults } = await sandbox();
  await eventually(() => faults.list().length === 0, { withinInMs: 20_000 });
}

async function isGone(key: ConnectionKey, user: string | undefined): Promise<void> {
  const { controlPlane, world } = await sandbox();
  await waitForConnection(controlPlane.api, key, (each) => each === undefined, { ...inTime(), withinInMs: 60_000 });
  const isLeft = async () => (await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [user])).length > 0;
  // a tombstone may have to drop it
  await eventually(async () => !(await isLeft()), { withinInMs: 40_000 });
  const subjects = world.identities.flatMap(({ name }) => credentialsOf(world, name));
  expect(subjects).not.to.include(`system:serviceaccount:${key.namespace}:app`);
}

describe('a connection comes about, though', function () {
  this.timeout(testTimeout);
  afterEach(async () => (await sandbox()).faults.clear());
  withTable('faulty');

  for (const [what, fault] of Object.entries(whileMade)) {
    it(what, async () => {
      const { controlPlane, faults } = await sandbox();
      const key = await newKey();
      await endSessions();
      faults.add(fault);
      await createConnection(key, await freshSpec());
      const ready = { ...inTime(), withinInMs: 60_000 };
      await waitForReady(controlPlane.api, key, { status: 'True' }, ready);
      // what was read for the connection before is good for some seconds, so that a fault may only strike a later pass
      await hasStruck();
      const connection = await waitForReady(controlPlane.api, key, { status: 'True' }, ready);
      expect(JSON.stringify(connection.status)).not.to.match(token);
      await deleteConnection(key);
      await isGone(key, connection.status?.databaseUser?.name);
    });
  }

  it('the database restarts in the middle', async () => {
    const { controlPlane } = await sandbox();
    const key = await newKey();
    await createConnection(key, specOf());
    const isUnderWay = (reason: string | undefined) => reason === 'Progressing' || reason === 'InSync';
    await waitForConnection(controlPlane.api, key, (each) => isUnderWay(conditionOf(each, 'Ready')?.reason), inTime());
    await (await server()).backend.restart(inTime());
    await waitForReady(controlPlane.api, key, { status: 'True' }, { ...inTime(), withinInMs: 60_000 });
  });

  it('a new federated credential takes Entra some seconds: the operator does not wait for that', async () => {
    const { controlPlane, world } = await sandbox();
    world.propagationSeconds = 5;
    try {
      const key = await newKey();
      await createConnection(key, specOf());
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    } finally {
      world.propagationSeconds = 0;
    }
  });
});

describe('a connection ends and leaves nothing, though', function () {
  this.timeout(testTimeout);
  afterEach(async () => (await sandbox()).faults.clear());
  withTable('faulty');

  for (const [what, fault] of Object.entries(whileEnded)) {
    it(what, async () => {
      const { faults } = await sandbox();
      const key = await readyConnection();
      faults.add(fault);
      await deleteConnection(key);
      await isGone(key, key.user);
      await hasStruck();
    });
  }
});

describe('a connection says what keeps it from working, and works when that is over:', function () {
  this.timeout(testTimeout);
  afterEach(async () => (await sandbox()).faults.clear());
  withTable('faulty');

  /** A connection that comes about only after `mend`. */
  async function saysUntil(mend: () => Promise<void>, expected: { reason: string; message: RegExp; stalled?: true }): Promise<void> {
    const { api } = (await sandbox()).controlPlane;
    const key = await newKey();
    await createConnection(key, await freshSpec());
    const failing = await waitForReady(api, key, { status: 'False', reason: expected.reason }, inTime());
    expect(conditionOf(failing, 'Ready')?.message).to.match(expected.message);
    expect(conditionOf(failing, 'Stalled')?.status).to.equal(expected.stalled ? 'True' : undefined);
    expect(JSON.stringify(failing.status)).not.to.match(token);
    await mend();
    await patchConnection(key, { metadata: { annotations: { 'dbaccess.dev/requestedAt': 'mended' } } });
    await waitForReady(api, key, { status: 'True' }, inTime());
  }

  for (const [what, { fault, ...expected }] of Object.entries(lastingFaults)) {
    it(`${what} (${expected.reason})`, async () => {
      const { faults } = await sandbox();
      await endSessions();
      faults.add(fault);
      await saysUntil(async () => faults.clear(), expected);
    });
  }

  it('the server has no connection left for the operator (DatabaseError)', async () => {
    await asSuperuser('postgres', 'ALTER ROLE "passwordless-operator" CONNECTION LIMIT 0');
    const mend = async () => void (await asSuperuser('postgres', 'ALTER ROLE "passwordless-operator" CONNECTION LIMIT -1'));
    try {
      await endSessions();
      await saysUntil(mend, { reason: 'DatabaseError', message: /no connection left for the operator/ });
    } finally {
      await mend();
    }
  });
});
