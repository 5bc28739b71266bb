import { expect } from 'chai';
import { conditionOf, waitForConnection, waitForReady } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import {
  asSuperuser,
  create,
  createConnection,
  deleteConnection,
  eventsOf,
  eventually,
  inTime,
  loginOf,
  messageOf,
  newNamespace,
  newServiceAccount,
  passes,
  sandbox,
  server,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

describe('taking over what was there before', function () {
  this.timeout(testTimeout);
  withTable('things');

  /** A namespace with its service account, and a connection that isn't there yet. */
  async function newKey() {
    const namespace = await newNamespace();
    await newServiceAccount(namespace);
    return { namespace, name: 'c' };
  }

  describe('in the database', () => {
    const user = 'orders_app';

    /** A user as somebody else made it for an identity of the sandbox, who lets the operator change it. */
    async function makeUser(identity: string): Promise<void> {
      const { world } = await sandbox();
      const principalId = world.identities.find(({ name }) => name === identity)?.principalId;
      const administrator = (await server()).server.administrators[0]?.principalName;
      await asSuperuser('postgres', `CREATE ROLE ${user} LOGIN`);
      await asSuperuser('postgres', `GRANT ${user} TO "${administrator}" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`);
      await asSuperuser('postgres', `SELECT pg_catalog.sandbox_store_label($1::regrole, $2)`, [
        user,
        `aadauth,oid=${principalId},type=service`,
      ]);
      await asSuperuser('orders', `CREATE TABLE public.owned (id int); ALTER TABLE public.owned OWNER TO ${user}`);
    }

    afterEach(() => asSuperuser('orders', `DROP OWNED BY ${user}; DROP ROLE ${user}`));

    it('keeps the user and what it owns, and leaves it locked when the connection goes', async () => {
      const { controlPlane } = await sandbox();
      await makeUser('shop-orders');
      const key = await newKey();
      await createConnection(
        key,
        specOf((spec) => (spec.databaseUser = { name: user, adopt: true })),
      );
      const connection = await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      expect(connection.status?.databaseUser).to.deep.equal({ name: user, created: false });
      expect((await eventsOf(key)).map(({ note }) => note).join('\n')).to.match(
        /COMMENT ON ROLE "orders_app" IS 'dbaccess\/1 .* adopted live'/,
      );
      const { settings, token } = await loginOf(key);
      const session = await logIn(settings, token);
      await session.query('INSERT INTO public.owned VALUES (1)');
      await session.query('INSERT INTO public.things VALUES (1)');

      await deleteConnection(key);
      await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
      expect(await messageOf(logIn(settings, token))).to.match(/password authentication failed|not permitted to log in/);
      const left = await asSuperuser(
        'orders',
        `SELECT has_table_privilege($1, 'public.things', 'INSERT') AS may, shobj_description($1::regrole, 'pg_authid') ~ 'adopted released$' AS released,
           (SELECT relowner = $1::regrole FROM pg_class WHERE relname = 'owned') AS owns`,
        [user],
      );
      expect(left).to.deep.equal([{ may: false, released: true, owns: true }]);
    });

    it('is refused for a user of another identity, which stays as it was', async () => {
      const { controlPlane } = await sandbox();
      await makeUser('shop-reports');
      const key = await newKey();
      await createConnection(
        key,
        specOf((spec) => (spec.databaseUser = { name: user, adopt: true })),
      );
      const connection = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'UserNameTaken' }, inTime());
      expect(conditionOf(connection, 'Ready')?.message).to.match(/isn't bound to the identity of spec.identity/);
      expect(await asSuperuser('postgres', `SELECT shobj_description($1::regrole, 'pg_authid') AS comment`, [user])).to.deep.equal([
        { comment: null },
      ]);
    });
  });

  describe('in Kubernetes', () => {
    const pathOf = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets/c`;
    const base64 = (text: string) => Buffer.from(text).toString('base64');

    async function secretOf(namespace: string) {
      const { body, status } = await (await sandbox()).controlPlane.api.answer('GET', pathOf(namespace), {}, inTime());
      return status === 200 ? body : undefined;
    }

    async function patchSecret(namespace: string, data: Record<string, string>): Promise<void> {
      const patch = { body: { data }, contentType: 'application/merge-patch+json' };
      await (await sandbox()).controlPlane.api.request('PATCH', pathOf(namespace), patch, inTime());
    }

    async function adoptSecret(more: object) {
      const key = await newKey();
      const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'c', labels: { theirs: 'x' } }, ...more };
      await create(`/api/v1/namespaces/${key.namespace}/secrets`, body);
      await createConnection(
        key,
        specOf((spec) => (spec.output = { ...spec.output, adopt: true })),
      );
      return key;
    }

    it('keeps a Secret with its other keys, repairs ours, and takes just these out when the connection goes', async () => {
      const { api } = (await sandbox()).controlPlane;
      const key = await adoptSecret({ stringData: { AZURE_POSTGRESQL_HOST: 'old', FLAGS: 'theirs' } });
      await waitForReady(api, key, { status: 'True' }, inTime());
      const { settings, token } = await loginOf(key);
      await (await logIn(settings, token)).end();
      const { AZURE_POSTGRESQL_HOST: host, ...others } = (await secretOf(key.namespace)).data;
      expect(others).to.include({ FLAGS: base64('theirs') });
      expect(host).not.to.equal(base64('old'));

      await patchSecret(key.namespace, { AZURE_POSTGRESQL_HOST: base64('evil'), FLAGS: base64('changed') });
      await eventually(async () => (await secretOf(key.namespace)).data.AZURE_POSTGRESQL_HOST === host, { withinInMs: 20_000 });
      expect((await secretOf(key.namespace)).data.FLAGS).to.equal(base64('changed'));
      const { resourceVersion } = (await secretOf(key.namespace)).metadata;
      const seen = await passes();
      await eventually(async () => (await passes()) >= seen + 2, { withinInMs: 20_000 });
      expect((await secretOf(key.namespace)).metadata.resourceVersion, 'nothing is written at rest').to.equal(resourceVersion);

      await deleteConnection(key);
      await waitForConnection(api, key, (each) => each === undefined, inTime());
      const left = await secretOf(key.namespace);
      expect(left.data).to.deep.equal({ FLAGS: base64('changed') });
      expect([left.metadata.labels, left.metadata.annotations, left.metadata.ownerReferences]).to.deep.equal([
        { theirs: 'x' },
        undefined,
        undefined,
      ]);
    });

    for (const [what, more] of Object.entries({
      'of another type': { type: 'kubernetes.io/basic-auth', stringData: { username: 'u', password: 'p' } },
      'that is immutable': { immutable: true, stringData: { FLAGS: 'theirs' } },
      'of another controller': {
        metadata: {
          name: 'c',
          ownerReferences: [
            { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: '00000000-0000-4000-8000-00000000000d', controller: true },
          ],
        },
      },
    }))
      it(`is refused for a Secret ${what}, which stays as it was`, async () => {
        const key = await adoptSecret(more);
        const { metadata } = await secretOf(key.namespace);
        await waitForReady((await sandbox()).controlPlane.api, key, { status: 'False', reason: 'SecretNotOwned' }, inTime());
        expect((await secretOf(key.namespace)).metadata.resourceVersion).to.equal(metadata.resourceVersion);
      });
  });
});
