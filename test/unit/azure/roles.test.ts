import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { PolicySpec } from '../../../src/api/spec.ts';
import { neededRoles } from '../../../src/azure/needed-roles.ts';
import { type Capability, type CapabilityName, capabilities, capabilityNames, roleDefinition } from '../../../src/azure/roles.ts';
import { printedRole } from '../../../src/cli/azure-role.ts';

const root = new URL('../../../', import.meta.url);
const subscription = '/subscriptions/00000000-0000-0000-0000-000000000000';
const updates = process.env['UPDATE_SNAPSHOTS'] === '1';

/** Compares a file with what it should hold, or writes that. */
async function expectFile(path: string, text: string): Promise<void> {
  const url = new URL(path, root);
  if (updates) await writeFile(url, text);
  expect(await readFile(url, 'utf8'), `${path}: UPDATE_SNAPSHOTS=1 npx mocha test/unit/azure/roles.test.ts`).to.equal(text);
}

function table(names: readonly CapabilityName[]): string {
  return names
    .map((name) => {
      const { title, scope, actions }: Capability = capabilities[name];
      const rows = Object.entries(actions).map(([action, reason]) => `| \`${action}\` | ${reason} |`);
      return [`## \`${name}\``, '', `${title}. Assign it on ${scope}.`, '', '| action | for |', '|---|---|', ...rows, ''].join('\n');
    })
    .join('\n');
}

describe('the roles of deploy/azure-roles', () => {
  for (const name of capabilityNames) {
    it(`has ${name} as az role definition create takes it`, async () => {
      const role = roleDefinition(`Passwordless Connection Operator: ${name}`, [name], [subscription]);
      await expectFile(`deploy/azure-roles/${name}.json`, `${JSON.stringify(role, undefined, 2)}\n`);
    });
  }

  it('are no others', async () => {
    expect(await readdir(new URL('deploy/azure-roles', root))).to.have.members(capabilityNames.map((name) => `${name}.json`));
  });

  it('stand in docs/azure-roles.md, each action with its reason', async () => {
    const [introduction = ''] = (await readFile(new URL('docs/azure-roles.md', root), 'utf8')).split('\n## `');
    await expectFile('docs/azure-roles.md', `${introduction.trimEnd()}\n\n${table(capabilityNames)}`);
  });
});

const servers = {
  postgres: `${subscription}/resourceGroups/data/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop`,
  mysql: `${subscription}/resourceGroups/data/providers/Microsoft.DBforMySQL/flexibleServers/*`,
  sql: `${subscription}/resourceGroups/*/providers/microsoft.sql/servers/shop`,
};
const identity = `${subscription}/resourceGroups/identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders`;
type Setup = PolicySpec['targets'][number]['setup'];

function policyFor(named: readonly string[], setup?: Setup, more: Partial<PolicySpec> = {}): PolicySpec {
  return {
    namespaces: { names: ['shop'] },
    targets: [{ servers: [...named], databases: ['*'], profiles: ['ReadOnly'], ...(setup && { setup }) }],
    ...more,
  } as PolicySpec;
}

describe('the roles that a policy needs', () => {
  const table: readonly [string, PolicySpec, readonly CapabilityName[]][] = [
    ['one engine', policyFor([servers.postgres]), ['postgresql']],
    ['three engines', policyFor(Object.values(servers)), ['postgresql', 'mysql', 'azure-sql']],
    ['a set-up of nothing', policyFor([servers.postgres], { entraAdministrator: 'Never', temporaryFirewallRule: 'Never' }), ['postgresql']],
    [
      'a full set-up of PostgreSQL',
      policyFor([servers.postgres], { entraAuthentication: 'Enable', entraAdministrator: 'AddIfNone', temporaryFirewallRule: 'Allow' }),
      ['postgresql', 'postgresql-authentication', 'postgresql-administrator', 'postgresql-firewall'],
    ],
    [
      'a set-up of MySQL',
      policyFor([servers.mysql], { entraAuthentication: 'Enable', entraAdministrator: 'TakeOver', mysqlServerIdentityId: identity }),
      ['mysql', 'mysql-administrator', 'mysql-identity'],
    ],
    ['a firewall of Azure SQL', policyFor([servers.sql], { temporaryFirewallRule: 'Allow' }), ['azure-sql', 'azure-sql-firewall']],
    ['identities', policyFor([servers.mysql], undefined, { identities: { userAssigned: [identity] } }), ['identities', 'mysql']],
    [
      'identities to be made',
      policyFor([servers.mysql], undefined, { identities: { userAssigned: [identity], create: 'Allow' } }),
      ['identities', 'identities-create', 'mysql'],
    ],
    [
      'apps',
      policyFor([servers.mysql], undefined, {
        workloads: { resourceIds: [`${subscription}/resourceGroups/apps/providers/Microsoft.Web/sites/shop`] },
      }),
      ['mysql', 'system-assigned-identities', 'web-apps'],
    ],
  ];
  for (const [what, policy, roles] of table) {
    it(`for ${what} are ${roles.join(', ')}`, () => {
      expect(neededRoles(policy)).to.deep.equal(roles);
    });
  }

  it('are printed as one role, assignable where the policy reaches, with the parts beside it', async () => {
    const text = await readFile(new URL('deploy/samples/policy.yaml', root), 'utf8');
    const { role, notes } = printedRole([text]);
    const printed = JSON.parse(role) as ReturnType<typeof roleDefinition>;
    expect(printed.Actions)
      .to.include('Microsoft.DBforPostgreSQL/flexibleServers/read')
      .and.not.to.include('Microsoft.AppPlatform/Spring/apps/read');
    expect(printed.AssignableScopes.every((scope) => /^\/subscriptions\/[^/*]+(\/resourceGroups\/[^/*]+)?$/.test(scope))).to.equal(true);
    expect(notes).to.match(/^deploy\/azure-roles\/identities\.json: /);
    expect(() => printedRole(['kind: Secret'])).to.throw('no ConnectionPolicy');
  });
});
