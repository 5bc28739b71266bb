import { expect } from 'chai';
import { apiVersion } from '../../src/api/names.ts';
import { type ConnectionKey, waitForReady } from '../support/connections.ts';
import {
  asSuperuser,
  createConnection,
  eventually,
  inTime,
  metricOf,
  newNamespace,
  newServiceAccount,
  passes,
  sandbox,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

const databases = ['orders', 'billing'] as const;
const connectionsEach = 5;
/** One server, one identity, and a service account for each of two namespaces. */
const armReadsPerPass = 3 * 1 + 1 + 2 + 1;

describe('twenty connections in two databases, at rest', function () {
  this.timeout(2 * testTimeout);
  withTable('things');

  async function afterPasses(count: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    const [seen, reconciled] = [await passes(), await reconciles()];
    const enough = async () => (await passes()) >= seen + count && (await reconciles()) >= reconciled + count * 20;
    await eventually(
      async () => {
        await meanwhile();
        return await enough();
      },
      { withinInMs: 30_000 },
    );
  }

  const reconciles = () => metricOf('controller_runtime_reconcile_total', /controller="passwordlessconnection"/);
  const kubernetesWrites = () => metricOf('rest_client_requests_total', /method="(POST|PUT|PATCH|DELETE)"/);

  async function connectAll(): Promise<readonly ConnectionKey[]> {
    const keys: ConnectionKey[] = [];
    for (const namespace of [await newNamespace(), await newNamespace()]) {
      await newServiceAccount(namespace);
      for (const database of databases)
        for (let index = 0; index < connectionsEach; index += 1) {
          const key = { namespace, name: `${database}-${index}` };
          await createConnection(
            key,
            specOf((spec) => (spec.target.database = database)),
          );
          keys.push(key);
        }
    }
    return keys;
  }

  /** The versions of everything that the operator writes for them. */
  async function versions(namespaces: Iterable<string>): Promise<readonly string[]> {
    const { api } = (await sandbox()).controlPlane;
    const found: string[] = [];
    for (const namespace of namespaces)
      for (const path of ['/api/v1/secrets', '/api/v1/serviceaccounts', `/apis/${apiVersion}/passwordlessconnections`]) {
        const [, version, plural] = /^(.*)\/(\w+)$/.exec(path) ?? [];
        const { items } = await api.request('GET', `${version}/namespaces/${namespace}/${plural}`, {}, inTime());
        for (const { metadata } of items) found.push(`${plural}/${namespace}/${metadata.name} ${metadata.resourceVersion}`);
      }
    return found;
  }

  async function openSessions(): Promise<number> {
    const [row] = await asSuperuser<{ count: number }>(
      'postgres',
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'passwordless-operator'",
    );
    return row?.count ?? 0;
  }

  it('cost two passes no write of any kind, some reads for all together, and a session for each database', async () => {
    const { journal, controlPlane } = await sandbox();
    const keys = await connectAll();
    expect(keys).to.have.length(20);
    for (const key of keys) await waitForReady(controlPlane.api, key, { status: 'True' }, { ...inTime(), withinInMs: 60_000 });
    // policies count their connections some seconds later
    await eventually(
      async () => {
        const before = await kubernetesWrites();
        await afterPasses(1);
        return (await kubernetesWrites()) === before;
      },
      { withinInMs: 30_000 },
    );

    const namespaces = new Set(keys.map(({ namespace }) => namespace));
    const before = { versions: await versions(namespaces), writes: await kubernetesWrites(), passes: await passes() };
    const from = journal.list().length;
    let mostSessions = 0;
    await afterPasses(2, async () => {
      mostSessions = Math.max(mostSessions, await openSessions());
    });
    const entries = journal.list().slice(from);

    expect(await kubernetesWrites()).to.equal(before.writes);
    expect(await versions(namespaces)).to.deep.equal(before.versions);
    const written = entries.filter(
      (each) =>
        (each.kind === 'arm' && each.method !== 'GET') ||
        (each.kind === 'sql' && !/^(SELECT|WITH|BEGIN|COMMIT|ROLLBACK|LOGIN|SHOW|SET LOCAL)/i.test(each.statement.trim())),
    );
    expect(written).to.deep.equal([]);
    const reads = entries.filter(({ kind }) => kind === 'arm');
    expect(reads.length, 'ARM reads').to.be.at.most(armReadsPerPass * ((await passes()) - before.passes));
    const logins = entries.filter((each) => each.kind === 'sql' && each.statement === 'LOGIN');
    expect(logins.length, 'logins').to.be.at.most(databases.length + 1);
    expect(mostSessions, 'open sessions').to.be.within(1, databases.length + 1);
  });
});
