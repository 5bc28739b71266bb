import { expect } from 'chai';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { conditionOf, waitForReady } from '../support/connections.ts';
import {
  askedSince,
  createConnection,
  deleteAllConnections,
  everyPolicy,
  inTime,
  newNamespace,
  sandbox,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

describe('what this version does not serve', () => {
  const cases: Record<string, (spec: ConnectionSpec) => void> = {
    'profile Custom': (spec) =>
      (spec.access = { profile: 'Custom', grants: [{ objectType: 'Table', schema: 'public', names: ['*'], privileges: ['SELECT'] }] }),
    routines: (spec) => (spec.access.routines = 'All'),
  };

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  for (const [what, change] of Object.entries(cases)) {
    it(`${what} is Stalled / NotYetServed, and nothing is made for it`, async function () {
      this.timeout(testTimeout);
      const { controlPlane, journal } = await sandbox();
      const namespace = await newNamespace();
      const key = { namespace, name: 'c' };
      const from = journal.list().length;
      await createConnection(key, specOf(change));
      const connection = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'NotYetServed' }, inTime());
      expect(conditionOf(connection, 'Stalled')?.status).to.equal('True');
      expect(connection.metadata.finalizers ?? []).to.deep.equal([]);
      expect(await askedSince(from)).to.deep.equal([]);
    });
  }
});
