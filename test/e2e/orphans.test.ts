import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ConnectionKey, connectionPath, waitForConnection, waitForReady } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import {
  asSuperuser,
  createConnection,
  deleteConnection,
  eventually,
  inTime,
  loginOf,
  messageOf,
  metricOf,
  passes,
  patchConnection,
  readyConnection,
  sandbox,
  testTimeout,
  withTable,
} from './support.ts';

/** Two drift intervals of 3 s at their longest, and time for a busy machine. */
const twoIntervalsInMs = 12_000;

describe('a connection that goes without the operator', function () {
  this.timeout(testTimeout);
  withTable('things');

  /** Takes a resource away although it bears our finalizer, with the one account that the admission policy lets do that. */
  async function vanish(key: ConnectionKey): Promise<void> {
    const { controlPlane, directory } = await sandbox();
    const api = controlPlane.api.as({ token: await readFile(join(directory, 'operator.token'), 'utf8') });
    const body = { metadata: { finalizers: null } };
    await api.request('PATCH', connectionPath(key), { body, contentType: 'application/merge-patch+json' }, inTime());
    await api.close();
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
  }

  async function afterPasses(count: number): Promise<void> {
    const seen = await passes();
    await eventually(async () => (await passes()) >= seen + count, { withinInMs: 20_000 });
  }

  async function isThere(user: string): Promise<boolean> {
    return (await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [user])).length > 0;
  }

  async function notesOfOrphans(): Promise<readonly string[]> {
    const { api } = (await sandbox()).controlPlane;
    const { items } = await api.request('GET', '/apis/events.k8s.io/v1/namespaces/passwordless-system/events', {}, inTime());
    return items.filter(({ reason }: { reason: string }) => reason === 'OrphanEnded').map(({ note }: { note: string }) => note);
  }

  it('loses its login, sessions and user within two intervals, and an Event says so', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    const { settings, token } = await loginOf(key);
    const session = await logIn(settings, token);
    const ended = await metricOf('passwordless_orphans_ended_total');
    // so that the operator doesn't put the finalizer back in between
    await patchConnection(key, { spec: { suspend: true } });
    await waitForReady(controlPlane.api, key, { status: 'Unknown', reason: 'Suspended' }, inTime());
    await vanish(key);
    await eventually(async () => (await messageOf(session.query('SELECT 1'))) !== 'it went through', { withinInMs: twoIntervalsInMs });
    expect(await messageOf(logIn(settings, token))).to.match(/password authentication failed|not permitted to log in/);
    await eventually(async () => !(await isThere(key.user)), { withinInMs: 5_000 });
    await eventually(async () => (await notesOfOrphans()).some((note) => note.includes(key.user)), { withinInMs: 5_000 });
    expect(await metricOf('passwordless_orphans_ended_total')).to.equal(ended + 1);
  });

  it('gives its user to one that is made anew under its name in the meantime, and nobody is ended', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    const spec = (await controlPlane.api.request('GET', connectionPath(key), {}, inTime())).spec;
    const [before] = await asSuperuser('postgres', 'SELECT oid FROM pg_roles WHERE rolname = $1', [key.user]);
    await patchConnection(key, { spec: { suspend: true } });
    await waitForReady(controlPlane.api, key, { status: 'Unknown', reason: 'Suspended' }, inTime());
    await vanish(key);
    // as Kubernetes' garbage collector does, once its owner is gone
    await controlPlane.api.request('DELETE', `/api/v1/namespaces/${key.namespace}/secrets/${key.name}`, {}, inTime());
    await createConnection(key, spec);
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    await afterPasses(3);
    expect(await asSuperuser('postgres', 'SELECT oid FROM pg_roles WHERE rolname = $1', [key.user])).to.deep.equal([before]);
    const { settings, token } = await loginOf(key);
    await (await logIn(settings, token)).end();
  });

  it('is not outlived by a user that somebody renamed', async () => {
    const key = await readyConnection();
    await asSuperuser('postgres', `ALTER ROLE "${key.user}" RENAME TO hidden`);
    await eventually(async () => !(await isThere('hidden')), { withinInMs: 2 * twoIntervalsInMs });
    await eventually(() => isThere(key.user), { withinInMs: twoIntervalsInMs });
  });

  it('keeps its access, with others, when more go at once than is believable, until a policy releases that', async () => {
    const { controlPlane, startOperator, stopOperator } = await sandbox();
    const keys = [await readyConnection(), await readyConnection(), await readyConnection()];
    const logins = await Promise.all(keys.map(loginOf));
    await stopOperator(inTime());
    for (const key of keys) await vanish(key);
    await startOperator(inTime());
    await eventually(async () => (await metricOf('passwordless_orphans_braked')) === 3, { withinInMs: 20_000 });
    await afterPasses(2);
    for (const { settings, token } of logins) await (await logIn(settings, token)).end();

    const policy = '/apis/dbaccess.dev/v1alpha1/connectionpolicies/e2e';
    const annotate = (value: string | null) => {
      const body = { metadata: { annotations: { 'dbaccess.dev/releaseWithdrawals': value } } };
      return controlPlane.api.request('PATCH', policy, { body, contentType: 'application/merge-patch+json' }, inTime());
    };
    try {
      await annotate('true');
      for (const { user } of keys) await eventually(async () => !(await isThere(user)), { withinInMs: 2 * twoIntervalsInMs });
      await eventually(async () => (await metricOf('passwordless_orphans_braked')) === 0, { withinInMs: twoIntervalsInMs });
    } finally {
      await annotate(null);
    }
  });
});
