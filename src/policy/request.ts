import type { ConnectionSpec } from '../api/spec.ts';
import { parseResourceId, type ResourceId, type ResourceKind, serverKinds } from '../azure/resource-id.ts';
import type { ConnectionFacts, Part } from './verdict.ts';

/** A connection whose resource ids have been taken apart, once for all patterns. */
export interface Request extends ConnectionFacts {
  readonly server: ResourceId;
  /** The user-assigned identity, where the spec names it by resource id. */
  readonly identity: ResourceId | undefined;
  /** The app that connects, where it isn't a service account. */
  readonly app: ResourceId | undefined;
}

/** The request, or the part whose resource id is none. */
export type ReadRequest = { readonly ok: true; readonly request: Request } | UnreadableId;

interface UnreadableId {
  readonly ok: false;
  readonly part: Part;
  readonly why: string;
}

type ReadId = { readonly ok: true; readonly id: ResourceId | undefined } | UnreadableId;

/** Takes the resource ids of a connection apart. */
export function readRequest(connection: ConnectionFacts): ReadRequest {
  const { workload, identity, target } = connection.spec;
  const app = readApp(workload);
  if (!app.ok) return app;
  const named = identity.userAssigned?.resourceId;
  const userAssigned =
    named === undefined ? none : readId('identity', 'spec.identity.userAssigned.resourceId', named, 'userAssignedIdentity');
  if (!userAssigned.ok) return userAssigned;
  const server = readId('server', 'spec.target.serverId', target.serverId, serverKinds[target.type]);
  if (!server.ok) return server;
  return { ok: true, request: { ...connection, server: server.id, identity: userAssigned.id, app: app.id } };
}

const none = { ok: true, id: undefined } as const;

function readApp(workload: ConnectionSpec['workload']): ReadId {
  switch (workload.type) {
    case 'ServiceAccount':
      return none;
    case 'ContainerApp':
      return readId('workload', 'spec.workload.containerApp.resourceId', workload.containerApp?.resourceId, 'containerApp');
    case 'WebApp':
      return readId('workload', 'spec.workload.webApp.resourceId', workload.webApp?.resourceId, 'webApp');
    case 'SpringApp':
      return readId('workload', 'spec.workload.springApp.resourceId', workload.springApp?.resourceId, 'springApp');
    default:
      workload.type satisfies never;
      return { ok: false, part: 'workload', why: 'spec.workload.type is none that there is' };
  }
}

function readId(
  part: Part,
  field: string,
  text: unknown,
  kind: ResourceKind,
): { readonly ok: true; readonly id: ResourceId } | UnreadableId {
  const parsed = parseResourceId(text, kind);
  return parsed.ok ? parsed : { ok: false, part, why: `${field} ${parsed.why}` };
}
