import { expect } from 'chai';
import { markText } from '../../../src/targets/mark.ts';
import { observeRoles } from '../../../src/targets/postgres/observe-roles.ts';
import { planMemberships } from '../../../src/targets/postgres/plan-memberships.ts';
import { promisedBy } from '../../../src/targets/postgres/profile.ts';
import type { MembershipFound, RoleFound } from '../../../src/targets/postgres/rights.ts';
import { Session } from '../../../src/targets/postgres/session.ts';
import { grantStatement } from '../../../src/targets/postgres/steps.ts';
import { ossAudience } from '../../sandbox/postgres/login.ts';
import { rejection } from '../../support/eventually.ts';
import { markOf, operator } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const host = '127.0.90.23';

describe('roles that users become members of, in PostgreSQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let session: Session;
  const { signal } = new AbortController();

  before(async () => {
    shop = await startShopServer({ host });
    const token = () => shop.tokens.issue(operator, ossAudience, { expiresIn: 300 });
    session = await Session.open({ host, database: 'postgres', login: 'operator', password: token, ca: shop.ca, signal });
  });
  after(async () => {
    await session?.close();
    await shop?.stop();
  });

  const asSuperuser = async (...statements: string[]) => {
    for (const statement of statements) await shop.query('postgres', statement);
  };
  const observe = async (...names: string[]): Promise<readonly RoleFound[]> =>
    await session.reading(() => observeRoles(session, names, { administratorNames: ['helpdesk'], signal }), { signal });

  describe('are seen', () => {
    const live = markText(markOf('shop', 'orders'));
    const plain = { hasAttribute: false, reservedRole: null, isAdministrator: false, isMarked: false, grantable: false };
    const cases: readonly [string, readonly string[], Partial<RoleFound>][] = [
      ['plain', [], {}],
      ['that can log in and owns a database', ['ALTER ROLE subject LOGIN', 'CREATE DATABASE subjects OWNER subject'], {}],
      ['with CREATEROLE', ['ALTER ROLE subject CREATEROLE'], { hasAttribute: true }],
      ['with CREATEDB', ['ALTER ROLE subject CREATEDB'], { hasAttribute: true }],
      ['with REPLICATION', ['ALTER ROLE subject REPLICATION'], { hasAttribute: true }],
      ['with BYPASSRLS', ['ALTER ROLE subject BYPASSRLS'], { hasAttribute: true }],
      ['with SUPERUSER', ['ALTER ROLE subject SUPERUSER'], { hasAttribute: true }],
      ['in one with an attribute', ['ALTER ROLE inner_role CREATEDB', 'GRANT inner_role TO subject'], { hasAttribute: true }],
      [
        'in one of PostgreSQL’s, through another',
        ['GRANT pg_execute_server_program TO inner_role', 'GRANT inner_role TO subject'],
        { reservedRole: 'pg_execute_server_program' },
      ],
      [
        'in one that it can use in no way but to give it',
        ['GRANT pg_monitor TO subject WITH ADMIN TRUE, INHERIT FALSE, SET FALSE'],
        { reservedRole: 'pg_monitor' },
      ],
      ['in one of Azure’s', ['GRANT azure_pg_admin TO subject'], { reservedRole: 'azure_pg_admin' }],
      ['in an administrator’s', ['GRANT helpdesk TO inner_role', 'GRANT inner_role TO subject'], { isAdministrator: true }],
      ['with a mark', [`COMMENT ON ROLE subject IS '${live}'`], { isMarked: true }],
      ['with a mark of another form', [`COMMENT ON ROLE subject IS 'dbaccess/2 whatever'`], { isMarked: true }],
      ['with another comment', [`COMMENT ON ROLE subject IS 'of dbaccess/1'`], {}],
      ['in one with a mark', [`COMMENT ON ROLE inner_role IS '${live}'`, 'GRANT inner_role TO subject'], { isMarked: true }],
      ['that has members like that', ['ALTER ROLE inner_role CREATEROLE', 'GRANT subject TO inner_role'], {}],
      ['that the operator administers', ['GRANT subject TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE'], { grantable: true }],
      ['that the operator is but a member of', ['GRANT subject TO operator'], {}],
      [
        'whose administrator the operator is like',
        ['GRANT subject TO inner_role WITH ADMIN TRUE', 'GRANT inner_role TO operator WITH INHERIT TRUE'],
        { grantable: true },
      ],
      [
        'whose administrator the operator could but become',
        ['GRANT subject TO inner_role WITH ADMIN TRUE', 'GRANT inner_role TO operator WITH INHERIT FALSE, SET TRUE'],
        {},
      ],
    ];

    beforeEach(() => asSuperuser('CREATE ROLE subject', 'CREATE ROLE inner_role', 'CREATE ROLE helpdesk'));
    afterEach(async () => {
      await asSuperuser('DROP DATABASE IF EXISTS subjects', 'DROP ROLE subject, inner_role, helpdesk');
    });

    for (const [what, statements, facts] of cases)
      it(`${what}: ${Object.keys(facts).join() || 'nothing against it'}`, async () => {
        await asSuperuser(...statements);
        expect(await observe('subject')).to.deep.equal([{ name: 'subject', ...plain, ...facts }]);
      });

    it('the operator’s own, as an administrator’s', async () => {
      const [found] = await observe('operator');
      expect(found).to.include({ isAdministrator: true, reservedRole: 'azure_pg_admin' });
    });

    it('each once, by the exact name, without those that aren’t there', async () => {
      const found = await observe('subject', 'subject', 'Subject', 'gone', "x' OR true --", 'helpdesk');
      expect(found.map(({ name }) => name)).to.deep.equal(['helpdesk', 'subject']);
      expect(await observe()).to.deep.equal([]);
    });
  });

  describe('are given', () => {
    beforeEach(() =>
      asSuperuser(
        'CREATE ROLE reporting',
        'CREATE ROLE other_app',
        'CREATE ROLE x LOGIN',
        'GRANT reporting TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE',
      ),
    );
    afterEach(() => asSuperuser('DROP ROLE x, reporting, other_app'));

    const memberships = async (): Promise<readonly MembershipFound[]> =>
      (await shop.query(
        'postgres',
        `SELECT 'reporting' AS role, pg_get_userbyid(grantor) AS grantor, admin_option AS "canPassOn", inherit_option AS inherit, set_option AS set,
           pg_get_userbyid(grantor) = 'operator' AS revocable FROM pg_auth_members
         WHERE member = 'x'::regrole AND roleid = 'reporting'::regrole ORDER BY 2`,
      )) as unknown as MembershipFound[];
    /** One pass, and what the next one would do. */
    async function pass(): Promise<{ readonly steps: readonly string[]; readonly left: number }> {
      const look = async () => {
        const found = { userName: 'x', memberships: await memberships(), roles: await observe('reporting') };
        const { revokes, grants } = planMemberships(promisedBy({ profile: 'Custom', roles: ['reporting'] }, session.majorVersion), found);
        return [...revokes, ...grants];
      };
      const actions = await look();
      await session.writing(
        async () => {
          for (const action of actions) await session.query(grantStatement(action), [], { signal });
        },
        { signal },
      );
      return { steps: actions.map(({ kind }) => kind), left: (await look()).length };
    }

    const cases: readonly [string, readonly string[], readonly string[]][] = [
      ['where there is none', [], ['grant-membership']],
      ['where it gives no rights', ['GRANT reporting TO x WITH INHERIT FALSE, SET FALSE GRANTED BY operator'], ['grant-membership']],
      [
        'where it lets become the role',
        ['GRANT reporting TO x WITH INHERIT TRUE, SET TRUE GRANTED BY operator'],
        ['revoke-membership', 'grant-membership'],
      ],
      [
        'where it was passed on',
        [
          'CREATE ROLE accomplice',
          'GRANT reporting TO x WITH ADMIN TRUE, SET FALSE GRANTED BY operator',
          'GRANT reporting TO accomplice GRANTED BY x',
        ],
        ['revoke-membership', 'grant-membership'],
      ],
      [
        'beside what somebody else gave',
        ['GRANT reporting TO x WITH INHERIT TRUE, SET FALSE GRANTED BY CURRENT_USER'],
        ['grant-membership'],
      ],
    ];
    for (const [what, statements, kinds] of cases)
      it(`${what}, in one pass, with the role’s rights and nothing else`, async () => {
        await asSuperuser(...statements);
        expect(await pass()).to.deep.equal({ steps: kinds, left: 0 });
        expect((await memberships()).filter(({ grantor }) => grantor === 'operator')).to.deep.equal([
          { role: 'reporting', grantor: 'operator', canPassOn: false, inherit: true, set: false, revocable: true },
        ]);
        const passedOn = await shop.query('postgres', "SELECT FROM pg_auth_members WHERE grantor = 'x'::regrole");
        expect(passedOn).to.have.length(0);
        await asSuperuser('DROP ROLE IF EXISTS accomplice');
      });

    it('so that the user can neither become the role nor pass it on', async () => {
      await pass();
      const asUser = (statement: string) => shop.query('postgres', `SET SESSION AUTHORIZATION x; ${statement}`);
      expect(await rejection(asUser('SET ROLE reporting'))).to.include({ code: '42501' });
      expect(await rejection(asUser('GRANT reporting TO other_app'))).to.include({ code: '42501' });
    });

    it('and what a message asks somebody else to run mends it', async () => {
      await asSuperuser('GRANT reporting TO x WITH ADMIN TRUE, INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER');
      await asSuperuser('REVOKE ADMIN OPTION FOR "reporting" FROM "x"', 'REVOKE SET OPTION FOR "reporting" FROM "x"');
      expect((await memberships()).map(({ canPassOn, inherit, set }) => ({ canPassOn, inherit, set }))).to.deep.equal([
        { canPassOn: false, inherit: true, set: false },
      ]);
    });
  });
});
