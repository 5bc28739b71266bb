import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ConnectionSpec, IdentityType, TargetType, WorkloadType } from '../../src/api/spec.ts';
import type { HostedApp } from '../sandbox/azure/hosts/hosts.ts';
import { logInTo } from '../support/application.ts';
import { waitForReady } from '../support/connections.ts';
import { databaseToken, type Environment, injectedBy, readSettings } from '../support/workload.ts';
import {
  appsPolicy,
  containerApp,
  engines,
  environmentOf,
  host,
  newClientSecret,
  newPrincipal,
  principalIdentity,
  servedLabel,
  springApp,
  tokenIn,
  webApp,
  workloadOf,
} from './apps/hosted.ts';
import {
  createConnection,
  deleteAllConnections,
  deletePolicy,
  identityId,
  inTime,
  messageOf,
  newNamespace,
  newServiceAccount,
  sandbox,
  startTimeout,
  testTimeout,
} from './support.ts';

const makers: Readonly<Record<WorkloadType, ((name: string) => HostedApp) | undefined>> = {
  ServiceAccount: undefined,
  ContainerApp: (name) => containerApp(name),
  WebApp: (name) => webApp(name),
  SpringApp: (name) => springApp(name),
};
const identities: readonly IdentityType[] = ['UserAssigned', 'SystemAssigned', 'ServicePrincipal'];

/** One workload with one kind of identity at one engine. */
interface Combination {
  readonly workload: WorkloadType;
  readonly identity: IdentityType;
  readonly target: TargetType;
  /** Of the connection and of all that is made for it. */
  readonly name: string;
}

const combinations: readonly Combination[] = (Object.keys(makers) as WorkloadType[])
  .flatMap((workload) => identities.map((identity) => ({ workload, identity })))
  // the API server refuses this one: a service account has no identity of its own
  .filter(({ workload, identity }) => workload !== 'ServiceAccount' || identity !== 'SystemAssigned')
  .flatMap((pair) => (Object.keys(engines) as TargetType[]).map((target) => ({ ...pair, target })))
  .map((each, index) => ({ ...each, name: `${each.workload.toLowerCase()}-${index}` }));

function titleOf({ workload, identity, target }: Combination): string {
  return `logs in to ${target} as ${workload} with ${identity}`;
}

describe('every workload with every identity at every database', function () {
  this.timeout(testTimeout);
  let namespace: string;
  const apps = new Map<string, HostedApp>();
  const logins: { readonly target: TargetType; readonly settings: Environment; readonly token: string }[] = [];

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    namespace = await newNamespace({ served: false, labels: servedLabel });
    const specs: [string, ConnectionSpec][] = [];
    for (const each of combinations) specs.push([each.name, await specOf(each)]);
    await appsPolicy('combinations');
    for (const [name, spec] of specs) await createConnection({ namespace, name }, spec);
  });
  after(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
    await deletePolicy('combinations');
  });

  async function specOf({ workload, identity, target, name }: Combination): Promise<ConnectionSpec> {
    return {
      workload: await newWorkload(workload, name),
      identity: await newIdentity(identity, name),
      target: { type: target, serverId: engines[target].serverId, database: 'orders' },
      access: { profile: 'ReadOnly' },
      output: { clientType: 'NodeJS' },
    };
  }

  async function newWorkload(type: WorkloadType, name: string): Promise<ConnectionSpec['workload']> {
    const app = makers[type]?.(name);
    if (app) {
      apps.set(name, await host(app));
      return workloadOf(app);
    }
    await newServiceAccount(namespace, name);
    return { type, serviceAccount: { name } };
  }

  async function newIdentity(type: IdentityType, name: string): Promise<ConnectionSpec['identity']> {
    switch (type) {
      case 'UserAssigned':
        return { type, userAssigned: { resourceId: identityId(name), create: { location: 'westeurope' } } };
      case 'SystemAssigned':
        return { type };
      case 'ServicePrincipal':
        await newClientSecret(namespace, `${name}-principal`, `the secret of ${name}`);
        return await principalIdentity(await newPrincipal(name, `the secret of ${name}`), `${name}-principal`);
      default:
        return type satisfies never;
    }
  }

  async function settingsOf({ name }: Combination): Promise<Environment> {
    const app = apps.get(name);
    return app ? await environmentOf(app) : await readSettings((await sandbox()).controlPlane.api, { namespace, name }, inTime());
  }

  async function tokenOf({ workload, identity, target, name }: Combination, settings: Environment): Promise<string> {
    if (workload !== 'ServiceAccount' || identity === 'ServicePrincipal') return await tokenIn(settings, target, identity);
    const { controlPlane, file } = await sandbox();
    const account = { namespace, serviceAccount: name };
    const injected = await injectedBy(controlPlane.api, { ...account, authority: file.entra.authority }, inTime());
    return await databaseToken(controlPlane.api, account, injected, { scope: engines[target].scope, ...inTime() });
  }

  for (const combination of combinations) {
    const { target, name } = combination;
    it(titleOf(combination), async () => {
      await waitForReady((await sandbox()).controlPlane.api, { namespace, name }, { status: 'True' }, inTime());
      const settings = await settingsOf(combination);
      const token = await tokenOf(combination, settings);
      const session = await logInTo(target, settings, token);
      expect(await session.query('SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      await session.close();
      logins.push({ target, settings, token });
    });
  }

  it('stands in the table of docs/apps.md', async () => {
    const text = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'apps.md'), 'utf8');
    const cells = text.split('|').flatMap((cell) => (cell.trim().startsWith('logs in to ') ? [cell.trim()] : []));
    expect(cells).to.have.members(combinations.map(titleOf));
  });

  it('logs in nowhere any more when the connections are deleted', async () => {
    await deleteAllConnections();
    expect(logins).to.have.length(combinations.length);
    for (const { target, settings, token } of logins)
      expect(await messageOf(logInTo(target, settings, token)), target).to.match(
        /authentication failed|not permitted|denied|Login failed/i,
      );
    for (const [name, app] of apps)
      expect(
        Object.keys(await environmentOf(app)).filter((each) => /^(AZURE|DBACCESS)_/.test(each)),
        name,
      ).to.deep.equal([]);
    const made = (await sandbox()).world.identities.filter((each) => combinations.some(({ name }) => name === each.name));
    expect(made).to.deep.equal([]);
  });
});
