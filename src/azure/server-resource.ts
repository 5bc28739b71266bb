import { type Json, objectIn, objectsIn } from './app-json.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import { type ResourceId, resourceKinds, resourceName, resourcePath, type serverKinds } from './resource-id.ts';
import { requireAction } from './roles.ts';

export type ServerKind = (typeof serverKinds)[keyof typeof serverKinds];

/** What the clients @azure/arm-postgresql-flexible 9.0.0, @azure/arm-mysql-flexible 4.0.0-beta.2 and @azure/arm-sql 10.0.0 ask for. */
const apiVersions = {
  postgresServer: { server: '2025-08-01', children: '2025-08-01' },
  mysqlServer: { server: '2023-12-30', children: '2023-06-01-preview' },
  sqlServer: { server: '2022-08-01-preview', children: '2020-11-01-preview' },
} as const satisfies Readonly<Record<ServerKind, { readonly server: string; readonly children: string }>>;

/** What lies in a server. */
export type ServerChild = 'administrators' | 'firewallRules';

export function isServerKind(kind: string): kind is ServerKind {
  return kind in apiVersions;
}

/** The client whose pipeline requests about this server go through. */
export function serverClient(arm: Arm, { kind, subscriptionId }: ResourceId) {
  switch (serverKind(kind)) {
    case 'postgresServer':
      return arm.postgresServers(subscriptionId);
    case 'mysqlServer':
      return arm.mysqlServers(subscriptionId);
    case 'sqlServer':
      return arm.sqlServers(subscriptionId);
    default:
      return undefined as never;
  }
}

/** The address of a server, or of something in it. `name` must be fit for a URL as it is. */
export function serverAddress(id: ResourceId, child?: ServerChild, name?: string): { readonly to: string; readonly apiVersion: string } {
  const versions = apiVersions[serverKind(id.kind)];
  const to = [resourcePath(id), child, name].filter((part) => part !== undefined).join('/');
  return { to, apiVersion: child === undefined ? versions.server : versions.children };
}

/** A call about a server, or about something in it. */
export function serverCall(id: ResourceId, verb: 'read' | 'write' | 'delete', child?: ServerChild): ArmCall {
  const type = resourceKinds[serverKind(id.kind)].join('/');
  return {
    action: requireAction([type, child, verb].filter((part) => part !== undefined).join('/')),
    what: `server "${resourceName(id)}"`,
    subscriptionId: id.subscriptionId,
  };
}

/** The server as Azure describes it, or something in it; undefined when it isn't there. Throws ConnectionError. */
export async function readServerJson(
  arm: Arm,
  id: ResourceId,
  options: ArmOptions,
  child?: ServerChild,
  name?: string,
): Promise<Json | undefined> {
  const client = await serverClient(arm, id);
  const found = await arm.find(
    serverCall(id, 'read', child),
    (callOptions) => arm.send(client, { method: 'GET', ...serverAddress(id, child, name) }, callOptions),
    options,
  );
  return found && objectIn(found.json);
}

/** All of one kind that lie in a server, over all pages; undefined when the server isn't there. Throws ConnectionError. */
export async function listServerJson(
  arm: Arm,
  id: ResourceId,
  child: ServerChild,
  options: ArmOptions,
): Promise<readonly Json[] | undefined> {
  const client = await serverClient(arm, id);
  const items: Json[] = [];
  let next: { readonly to: string; readonly apiVersion?: string } | undefined = serverAddress(id, child);
  for (let page = 0; next && page < maximumPages; page += 1) {
    const address = next;
    const found = await arm.find(
      serverCall(id, 'read', child),
      (callOptions) => arm.send(client, { method: 'GET', ...address }, callOptions),
      options,
    );
    if (!found) return undefined;
    const { value, nextLink } = objectIn(found.json);
    items.push(...objectsIn(value));
    next = typeof nextLink === 'string' && nextLink !== '' ? { to: nextLink } : undefined;
  }
  return items;
}

/** A server has at most some hundreds of rules. */
const maximumPages = 200;

function serverKind(kind: string): ServerKind {
  if (!isServerKind(kind)) throw new TypeError(`${kind} is no kind of server`);
  return kind;
}
