import { isDeepStrictEqual } from 'node:util';
import type { ConnectionPolicy } from '../../../src/api/policy.generated.ts';
import type { ConnectionSpec, PolicyEntry } from '../../../src/api/spec.ts';
import type { Administrator, Server } from '../../sandbox/azure/world.ts';
import { operatorIdentityName } from '../../sandbox/landscape.ts';
import { type ConnectionKey, conditionOf, waitForConnection, waitForReady } from '../../support/connections.ts';
import {
  applyPolicy,
  asSuperuser,
  azureSqlServerId,
  createConnection,
  deletePolicy,
  eventually,
  identityId,
  inTime,
  mysqlServerId,
  newNamespace,
  newServiceAccount,
  sandbox,
  serverId,
  specOf,
} from '../support.ts';

export type Setup = NonNullable<PolicyEntry['setup']>;
export type Engine = 'PostgreSQL' | 'MySQL' | 'AzureSQL';

const serverIds: Readonly<Record<Engine, string>> = { PostgreSQL: serverId, MySQL: mysqlServerId, AzureSQL: azureSqlServerId };

/** Namespaces that the policies of these tests are for. */
const labels = { 'e2e.example/set-up': 'true' };

/** The server of an engine in the sandbox's Azure. */
export async function serverOf(engine: Engine): Promise<Server> {
  const found = (await sandbox()).world.servers.find(({ resourceId }) => resourceId === serverIds[engine]);
  if (!found) throw new Error(`the sandbox has no ${engine}`);
  return found;
}

/** Lets the namespaces of these tests connect, with a set-up. */
export async function allowWith(setup: Setup, name = 'e2e-set-up', selector: Readonly<Record<string, string>> = labels): Promise<void> {
  const spec: ConnectionPolicy['spec'] = {
    namespaces: { selector: { matchLabels: { ...selector } } },
    identities: { userAssigned: [identityId('*')] },
    targets: [{ servers: Object.values(serverIds), databases: ['orders'], profiles: ['ReadOnly'], abandon: 'Allow', setup }],
  };
  await applyPolicy(name, spec);
}

export async function withdrawAll(): Promise<void> {
  for (const name of ['e2e-set-up', 'e2e-never']) await deletePolicy(name).catch(() => undefined);
}

/** A connection in a namespace of its own that a policy of these tests allows. */
export async function connect(engine: Engine, change: (spec: ConnectionSpec) => void = () => {}): Promise<ConnectionKey> {
  const namespace = await newNamespace({ served: false, labels });
  await newServiceAccount(namespace);
  const key = { namespace, name: 'c' };
  const spec = specOf((each) => {
    each.target = { type: engine, serverId: serverIds[engine], database: 'orders' };
    each.access = { profile: 'ReadOnly' };
    change(each);
  });
  await createConnection(key, spec);
  return key;
}

export async function becomesReady(key: ConnectionKey): Promise<void> {
  await waitForReady((await sandbox()).controlPlane.api, key, { status: 'True' }, inTime());
}

/** The message of a condition, once it has this reason. */
export async function becomes(key: ConnectionKey, type: string, reason: string, message = /^/): Promise<string> {
  const { api } = (await sandbox()).controlPlane;
  const isSo = (each: ReturnType<typeof conditionOf>) => each?.reason === reason && message.test(each.message);
  const found = await waitForConnection(api, key, (connection) => isSo(conditionOf(connection, type)), inTime());
  return conditionOf(found, type)?.message ?? '';
}

/** Ends the operator's sessions at a server, so that its next look is a login. */
export async function endSessions(engine: Engine): Promise<void> {
  const { postgres, mysql, azureSql } = await sandbox();
  const id = serverIds[engine];
  const { gateway } = postgres.get(id) ?? mysql.get(id) ?? azureSql.get(id) ?? {};
  await gateway?.refuseConnections();
  await gateway?.acceptConnections();
}

/** Closes a server's firewall to everybody, and ends the sessions that are open. */
export async function closeFirewall(engine: Engine): Promise<void> {
  const { firewall } = await serverOf(engine);
  if (firewall) firewall.rules = [];
  await endSessions(engine);
}

export async function rulesOf(engine: Engine): Promise<readonly string[]> {
  return (await serverOf(engine)).firewall?.rules.map(({ name, start, end }) => `${name} ${start}-${end}`) ?? [];
}

const ledgerPath = '/api/v1/namespaces/passwordless-system/configmaps';

interface LedgerMap {
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** The entries of the ledger that tell of a temporary rule. */
async function windows(): Promise<readonly LedgerMap[]> {
  const list = await (await sandbox()).controlPlane.api.request('GET', ledgerPath, {}, inTime());
  return (list.items as readonly LedgerMap[]).filter(({ data }) => data?.['firewallRule'] !== undefined);
}

/** Whether the operator has opened a firewall. */
export async function hadWindows(): Promise<boolean> {
  return (await windows()).length > 0;
}

/** Forgets in the ledger that there was a temporary rule, as a platform team does that can't wait for the hour to be over. */
export async function forgetWindows(): Promise<void> {
  const { api } = (await sandbox()).controlPlane;
  for (const { metadata } of await windows()) {
    const body = { data: { firewallRule: null } };
    await api.request('PATCH', `${ledgerPath}/${metadata.name}`, { body, contentType: 'application/merge-patch+json' }, inTime());
  }
}

/** Waits until the operator has closed what it opened, and lets it begin anew with nothing in its memory. */
export async function beginAnew(): Promise<void> {
  const running = await sandbox();
  await running.stopOperator(inTime());
  await forgetWindows();
  await running.startOperator(inTime());
}

/** A server as it was, to be put back. */
export interface Remembered {
  /** Lets the operator in again, so that it can end what it began. */
  open(): Promise<void>;
  /** Puts the rest back. */
  restore(): Promise<void>;
}

export async function remembered(engine: Engine): Promise<Remembered> {
  const server = await serverOf(engine);
  const { authConfig, firewall, identityIds } = server;
  const administrators: readonly Administrator[] = [...server.administrators];
  const rules = firewall?.rules ?? [];
  const restore = async () => {
    if (isDeepStrictEqual(server.administrators, administrators)) return;
    await setAdministrators(server, []);
    await makeWayFor(engine, administrators);
    await setAdministrators(server, administrators);
  };
  return {
    restore,
    async open() {
      await eventually(() => server.operations?.every(({ status }) => status !== 'InProgress') ?? true, { withinInMs: 10_000 });
      server.authConfig = authConfig;
      if (firewall) {
        firewall.rules = rules;
        firewall.effectSeconds = 0;
      }
      if (identityIds) server.identityIds = identityIds;
      delete server.administratorsAreKnownBy;
      const ids = Object.values((await operatorIdentity()) ?? {});
      if (!server.administrators.some(({ objectId }) => ids.includes(objectId))) await restore();
    },
  };
}

/** A role that still owns or grants something outlives its administrator, and would take the name. */
async function makeWayFor(engine: Engine, administrators: readonly Administrator[]): Promise<void> {
  if (engine !== 'PostgreSQL') return;
  for (const { principalName } of administrators) {
    const former = `former-${principalName}-${Date.now()}`;
    const [found] = await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [principalName]);
    if (found) await asSuperuser('postgres', `ALTER ROLE "${principalName}" RENAME TO "${former}"`);
  }
}

/** The ids by which a server may know the operator. */
export async function operatorIdentity(): Promise<{ readonly objectId: string; readonly clientId: string } | undefined> {
  const found = (await sandbox()).world.identities.find(({ name }) => name === operatorIdentityName);
  return found && { objectId: found.principalId, clientId: found.clientId };
}

export async function setAdministrators(server: Server, administrators: readonly Administrator[]): Promise<void> {
  server.administrators.splice(0, server.administrators.length, ...administrators);
  await server.administratorsChanged?.();
}
