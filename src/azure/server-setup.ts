import { ConnectionError } from '../api/connection-error.ts';
import { operatorName } from '../api/names.ts';
import { reasons } from '../api/reasons.ts';
import type { Clock } from '../runtime/clock.ts';
import { type Json, objectIn, textIn } from './app-json.ts';
import type { Arm, ArmOptions } from './arm.ts';
import type { TokenIds } from './credential.ts';
import { writeAndWait } from './long-write.ts';
import { parseResourceId, type ResourceId, resourceName, resourcePath, sameResource } from './resource-id.ts';
import { listServerJson, readServerJson, type ServerChild, serverAddress, serverCall, serverClient } from './server-resource.ts';

/** How the operator becomes an administrator. */
export interface AdministratorChange {
  /** The id by which the engine knows it: one of the operator's own. */
  readonly sid: string;
  /** The identity by which a MySQL server looks its administrator up. */
  readonly directoryReader: ResourceId | undefined;
  /** Whether another administrator may be replaced, where there can be but one. */
  readonly replaces: boolean;
}

/** Of servers that have one administrator, its name in Azure. */
const onlyAdministrator = 'ActiveDirectory';

/**
 * Switches Entra authentication on, which restarts the server; password authentication stays as it is. One that is on already is left alone.
 * Throws ConnectionError.
 */
export async function enableEntraAuthentication(
  arm: Arm,
  clock: Clock,
  { tenantId }: Pick<TokenIds, 'tenantId'>,
  id: ResourceId,
  options: ArmOptions,
): Promise<void> {
  const { authConfig } = objectIn((await requireIdle(arm, id, options))['properties']);
  if (objectIn(authConfig)['activeDirectoryAuth'] === 'Enabled') return;
  const body = { properties: { authConfig: { ...objectIn(authConfig), activeDirectoryAuth: 'Enabled', tenantId } } };
  await write(arm, clock, id, { method: 'PATCH', ...serverAddress(id), body }, options);
}

/** Assigns a user-assigned identity to a server beside those that it has. Throws ConnectionError. */
export async function assignServerIdentity(
  arm: Arm,
  clock: Clock,
  id: ResourceId,
  identityId: ResourceId,
  options: ArmOptions,
): Promise<void> {
  const { identity } = await requireIdle(arm, id, options);
  const assigned = assignedTo(identity);
  if (assigned.some((each) => isIdentity(each, identityId))) return;
  const all = Object.fromEntries([...assigned, resourcePath(identityId)].map((each) => [each, {}]));
  const body = { identity: { type: 'UserAssigned', userAssignedIdentities: all } };
  await write(arm, clock, id, { method: 'PATCH', ...serverAddress(id), body }, options);
}

/**
 * Makes the operator an administrator. What is there is read first: Azure takes an administrator of PostgreSQL only once, and on the other engines a write
 * silently replaces whoever is there. Throws ConnectionError, OtherEntraAdministrator where another came in between.
 */
export async function setAdministrator(
  arm: Arm,
  clock: Clock,
  operator: TokenIds,
  id: ResourceId,
  { sid, directoryReader, replaces }: AdministratorChange,
  options: ArmOptions,
): Promise<void> {
  const { identity } = await requireIdle(arm, id, options);
  if (directoryReader && !assignedTo(identity).some((each) => isIdentity(each, directoryReader)))
    throw new ConnectionError(
      'retry',
      reasons.AzureError,
      `the identities of server "${resourceName(id)}" were changed in between: it is looked at again`,
    );
  const login = administratorLogin(operator);
  const { tenantId } = operator;
  if (id.kind === 'postgresServer') {
    if (await readServerJson(arm, id, options, 'administrators', sid)) return;
    const properties = { principalType: 'ServicePrincipal', principalName: login, tenantId };
    return await write(arm, clock, id, putRequest(id, sid, properties), options, 'administrators');
  }
  const own = [operator.objectId, operator.clientId];
  const [there] = (await listServerJson(arm, id, 'administrators', options)) ?? [];
  const present = textIn(objectIn(there?.['properties'])['sid']).toLowerCase();
  if (there && present === sid) return;
  if (there && !own.includes(present) && !replaces)
    throw new ConnectionError(
      'waiting',
      reasons.OtherEntraAdministrator,
      "somebody else became the server's one Entra administrator in between: it is looked at again",
    );
  const properties = {
    administratorType: onlyAdministrator,
    login,
    sid,
    tenantId,
    ...(directoryReader && { identityResourceId: resourcePath(directoryReader) }),
  };
  await write(arm, clock, id, putRequest(id, onlyAdministrator, properties), options, 'administrators');
}

/** What the operator is called as an administrator that it made itself: one name for each identity, because clusters may share a server. MySQL allows 32 characters. */
export function administratorLogin({ clientId }: Pick<TokenIds, 'clientId'>): string {
  return `${operatorName}-${clientId.slice(0, 8)}`;
}

function putRequest(id: ResourceId, name: string, properties: Json) {
  return { method: 'PUT', ...serverAddress(id, 'administrators', name), body: { properties } } as const;
}

async function write(
  arm: Arm,
  clock: Clock,
  id: ResourceId,
  request: Parameters<typeof writeAndWait>[4],
  options: ArmOptions,
  child?: ServerChild,
): Promise<void> {
  await writeAndWait(arm, clock, await serverClient(arm, id), serverCall(id, 'write', child), request, options);
}

/** The server as it is now. Throws ConnectionError when it isn't there, or when another operation changes it. */
async function requireIdle(arm: Arm, id: ResourceId, options: ArmOptions): Promise<Json> {
  const server = await readServerJson(arm, id, options);
  if (!server)
    throw new ConnectionError(
      'waiting',
      reasons.ServerNotFound,
      `there is no server "${resourceName(id)}" any more in resource group "${id.resourceGroup}"`,
    );
  const state = textIn(objectIn(server['properties'])['state']);
  if (!['', 'Ready', 'Unknown'].includes(state))
    throw new ConnectionError('retry', reasons.AzureError, `server "${resourceName(id)}" can't be set up while its state is ${state}`);
  return server;
}

/** Resource ids of the identities that a server has. */
function assignedTo(identity: unknown): readonly string[] {
  return Object.keys(objectIn(objectIn(identity)['userAssignedIdentities']));
}

function isIdentity(text: string, id: ResourceId): boolean {
  const parsed = parseResourceId(text, 'userAssignedIdentity');
  return parsed.ok && sameResource(parsed.id, id);
}
