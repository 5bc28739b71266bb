import { expect } from 'chai';
import { conditionOf, waitForReady } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import {
  applyPolicy,
  asSuperuser,
  createConnection,
  deletePolicy,
  eventually,
  identityId,
  inTime,
  loginOf,
  messageOf,
  newNamespace,
  newServiceAccount,
  patchConnection,
  sandbox,
  serverId,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

describe('a Custom connection', function () {
  this.timeout(testTimeout);
  withTable('sales');

  before(async () => {
    await asSuperuser('orders', 'CREATE TABLE public.audit (id int); ALTER TABLE public.audit OWNER TO azure_pg_admin');
    await asSuperuser(
      'orders',
      'CREATE ROLE reporting; GRANT reporting TO azure_pg_admin WITH ADMIN TRUE; GRANT SELECT ON public.sales TO reporting',
    );
    await applyPolicy('custom', {
      namespaces: { selector: { matchLabels: { 'e2e.example/custom': 'true' } } },
      identities: { userAssigned: [identityId('*')] },
      targets: [
        { servers: [serverId], databases: ['orders'], profiles: ['Custom'], customPrivileges: ['INSERT', 'EXECUTE'], roles: ['reporting'] },
      ],
    });
  });
  after(async () => {
    await deletePolicy('custom');
    await asSuperuser(
      'orders',
      'DROP TABLE public.audit; DROP OWNED BY reporting; DROP ROLE reporting; DROP FUNCTION IF EXISTS public.tally',
    );
  });

  it('becomes Ready with the grants and roles that a policy allows, and its login can do exactly that', async () => {
    const { controlPlane } = await sandbox();
    const namespace = await newNamespace({ served: false, labels: { 'e2e.example/custom': 'true' } });
    await newServiceAccount(namespace);
    const key = { namespace, name: 'c' };
    const table = { objectType: 'Table' as const, schema: 'public', names: ['audit'], privileges: ['INSERT'] };
    await createConnection(
      key,
      specOf((spec) => (spec.access = { profile: 'Custom', grants: [table], roles: ['reporting'] })),
    );
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());

    const { settings, token } = await loginOf(key);
    const session = await logIn(settings, token);
    expect(await messageOf(session.query('INSERT INTO public.audit VALUES (1)'))).to.equal('it went through');
    expect(await messageOf(session.query('SELECT * FROM public.sales'))).to.equal('it went through');
    for (const refused of [
      'SELECT * FROM public.audit',
      'INSERT INTO public.sales VALUES (1)',
      'SET ROLE reporting',
      'CREATE TABLE public.mine ()',
    ])
      expect(await messageOf(session.query(refused)), refused).to.match(/permission denied/);
    await session.end();

    // a function that isn't there yet keeps nothing else back
    const named = { objectType: 'Function' as const, schema: 'public', names: ['tally'], privileges: ['EXECUTE'] };
    await patchConnection(key, { spec: { access: { grants: [table, named] } } });
    const waiting = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'ObjectNotFound' }, inTime());
    expect(conditionOf(waiting, 'GrantsReady')?.message).to.include('"public"."tally"');
    await asSuperuser(
      'orders',
      'CREATE FUNCTION public.tally() RETURNS int LANGUAGE sql RETURN 7; REVOKE ALL ON FUNCTION public.tally FROM PUBLIC; ALTER FUNCTION public.tally OWNER TO azure_pg_admin',
    );
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    const again = await logIn(settings, token);
    expect((await again.query('SELECT public.tally()')).rows).to.deep.equal([{ tally: 7 }]);

    // a role that comes to be more than an application's is taken back
    await asSuperuser('orders', 'ALTER ROLE reporting CREATEROLE');
    await waitForReady(controlPlane.api, key, { status: 'False', reason: 'NotPermitted' }, inTime());
    const last = await logIn(settings, token);
    await eventually(async () => /permission denied/.test(await messageOf(last.query('SELECT * FROM public.sales'))), {
      withinInMs: 10_000,
    });
    expect(await messageOf(last.query('INSERT INTO public.audit VALUES (2)'))).to.equal('it went through');
    await last.end();
    await again.end().catch(() => {});
  });

  it('is refused where no policy allows its role', async () => {
    const { controlPlane } = await sandbox();
    const namespace = await newNamespace({ served: false, labels: { 'e2e.example/custom': 'true' } });
    const key = { namespace, name: 'c' };
    await createConnection(
      key,
      specOf((spec) => (spec.access = { profile: 'Custom', roles: ['other_reporting'] })),
    );
    const refused = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'NotPermitted' }, inTime());
    expect(conditionOf(refused, 'Ready')?.message).to.include('role "other_reporting" of spec.access.roles is not among its roles');
  });
});
