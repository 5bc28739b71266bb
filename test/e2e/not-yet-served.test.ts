import { expect } from 'chai';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { conditionOf, waitForReady } from '../support/connections.ts';
import {
  applyPolicy,
  askedSince,
  createConnection,
  deleteAllConnections,
  deletePolicy,
  identityId,
  inTime,
  newNamespace,
  sandbox,
  serverId,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

describe('what this version does not serve', () => {
  const cases: Record<string, (spec: ConnectionSpec) => void> = {
    'an identity to be made': (spec) =>
      (spec.identity.userAssigned = { resourceId: identityId('new'), create: { location: 'westeurope' } }),
  };

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await applyPolicy('not-served', {
      namespaces: { selector: { matchLabels: { 'e2e.example/not-served': 'true' } } },
      identities: { userAssigned: [identityId('*')], create: 'Allow' },
      targets: [{ servers: [serverId], databases: ['orders'], profiles: ['ReadWrite'] }],
    });
  });
  after(() => deletePolicy('not-served'));

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  for (const [what, change] of Object.entries(cases)) {
    it(`${what} is Stalled / NotYetServed, and nothing is made for it`, async function () {
      this.timeout(testTimeout);
      const { controlPlane, journal } = await sandbox();
      const namespace = await newNamespace({ served: false, labels: { 'e2e.example/not-served': 'true' } });
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
