import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { ConnectionError } from '../api/connection-error.ts';
import { finalizer } from '../api/names.ts';
import type { ConnectionSpec } from '../api/spec.ts';
import { requiredResourceId } from '../azure/required-resource-id.ts';
import { parseResourceId, type ResourceId, sameResource, serverKinds } from '../azure/resource-id.ts';
import type { Federation, FormerFederation, IdentityRequest } from '../identities/identity.ts';
import type { Setup } from '../policy/setup.ts';
import type { Allowed, Verdict } from '../policy/verdict.ts';
import { hasFinalizer } from '../runtime/finalizers.ts';
import { connectionHash, type Mark } from '../targets/mark.ts';
import type { EndingRequest } from '../targets/target.ts';
import type { WorkloadRequest } from '../workloads/workload.ts';
import type { Deps } from './deps.ts';
import { defaultUserName } from './permit.ts';
import type { Request } from './request.ts';

/** The connection with every name settled. Looks at nothing but the caches. Throws for a resource id that doesn't parse, which no policy allows. */
export function resolve(connection: PasswordlessConnection, verdict: Allowed, deps: Deps): Request {
  const { metadata, spec } = connection;
  const namespace = metadata.namespace ?? '';
  const { serverId, database, userName, mark } = resolveEnding(connection, deps);
  const { knownTriggers, ownerCredentialsSecretName, publicConnect } = verdict.setup;
  return {
    namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    spec,
    policy: verdict.policy,
    identity: identityRequest(connection, deps),
    workload: workloadRequest(connection, deps),
    target: {
      serverId,
      database,
      userName,
      adopt: spec.databaseUser?.adopt ?? false,
      mark,
      access: spec.access,
      knownTriggers,
      ownerCredentialsSecretName,
      revokesPublicConnect: publicConnect === 'Revoke',
      setup: verdict.setup,
    },
    port: spec.target.port ?? deps.targets.get(spec.target.type)?.port ?? 0,
  };
}

/** What ending the access needs to know. The identity doesn't matter for it; of a policy, what its set-up says now, where one still allows the connection. */
export function resolveEnding(connection: PasswordlessConnection, deps: Deps, verdict?: Verdict): EndingRequest {
  const { spec } = connection;
  const setup: Partial<Setup> = verdict?.allowed ? verdict.setup : {};
  const { knownTriggers, ownerCredentialsSecretName, retiredOwner } = setup;
  return {
    serverId: requiredResourceId(spec.target.serverId, serverKinds[spec.target.type]),
    database: spec.target.database,
    userName: userNameOf(connection, deps),
    mark: markOf(connection, deps),
    ...(knownTriggers && { knownTriggers }),
    ...(ownerCredentialsSecretName && { ownerCredentialsSecretName }),
    ...(retiredOwner && { retiredOwner }),
    ...(verdict?.allowed && { setup: verdict.setup }),
  };
}

/** The name of a connection's user. */
export function userNameOf(connection: PasswordlessConnection, deps: Pick<Deps, 'targets'>): string {
  return connection.spec.databaseUser?.name ?? defaultUserName(connection, deps);
}

/** The server that a spec names; undefined when its id doesn't parse. */
export function serverIdOf({ target }: ConnectionSpec): ResourceId | undefined {
  const parsed = parseResourceId(target.serverId, serverKinds[target.type]);
  return parsed.ok ? parsed.id : undefined;
}

function markOf(connection: PasswordlessConnection, deps: Deps): Mark {
  const { namespace = '', name, uid } = connection.metadata;
  const namespaceUid = deps.namespaces.get({ namespace: '', name: namespace })?.metadata.uid;
  // without it the mark would be another one
  if (!namespaceUid) throw new ConnectionError('retry', 'KubernetesError', 'the namespace of this connection is not known yet');
  return { cluster: deps.cluster.hash, connection: connectionHash(namespaceUid, namespace, name), uid, origin: 'created', state: 'live' };
}

/** The identity of a connection. `counts`: which of its neighbours have a say in who keeps the federation; all of them unless told. */
export function identityRequest(
  connection: PasswordlessConnection,
  deps: Deps,
  counts: (neighbour: PasswordlessConnection) => boolean = () => true,
): IdentityRequest {
  const { spec, metadata } = connection;
  const account = spec.workload.serviceAccount?.name;
  const others = neighbours(connection, account, deps).filter(counts);
  const { cluster, connection: hash } = markOf(connection, deps);
  return {
    spec: spec.identity,
    workload: spec.workload,
    namespace: metadata.namespace ?? '',
    owner: { cluster, connection: hash, uid: metadata.uid },
    federation: account ? federationOf(metadata.namespace, account, deps) : undefined,
    shared: others.some((other) => sharesIdentity(other, connection)),
    identityShared: namespaceMates(connection, deps).some(
      (other) => counts(other) && mayBeSameIdentity(other.spec.identity, spec.identity),
    ),
    former: formerFederations(connection, deps),
  };
}

function federationOf(namespace: string | undefined, account: string, deps: Deps): Federation {
  return { issuer: deps.cluster.issuer, subject: `system:serviceaccount:${namespace}:${account}` };
}

/** The federation that the last pass saw in place, unless another connection may need it. */
function formerFederations(connection: PasswordlessConnection, deps: Deps): readonly FormerFederation[] {
  const identity = formerIdentity(connection);
  const account = /^ServiceAccount\/(.+)$/.exec(connection.status?.workload ?? '')?.[1];
  if (!identity || account === undefined) return [];
  if (neighbours(connection, account, deps).some((other) => namesIdentity(other, identity))) return [];
  return [{ identity, federation: federationOf(connection.metadata.namespace, account, deps) }];
}

export function workloadRequest(connection: PasswordlessConnection, deps: Deps): WorkloadRequest {
  const { spec, metadata } = connection;
  const others = neighbours(connection, spec.workload.serviceAccount?.name, deps);
  const same = others.every((other) => isSameIdentity(other.spec.identity, spec.identity));
  return {
    spec: spec.workload,
    output: spec.output ?? {},
    namespace: metadata.namespace ?? '',
    connection: metadata.name,
    uid: metadata.uid,
    mark: markOf(connection, deps),
    sharedWith: others.length === 0 ? 'nobody' : same ? 'same-identity' : 'other-identity',
    formerSecret: connection.status?.binding?.name,
    formerWorkload: connection.status?.workload,
  };
}

/** Other living connections of a service account for which something may have been made. */
function neighbours(connection: PasswordlessConnection, account: string | undefined, deps: Deps): readonly PasswordlessConnection[] {
  if (account === undefined) return [];
  return namespaceMates(connection, deps).filter(({ spec }) => spec.workload.serviceAccount?.name === account);
}

/** Other living connections of the namespace for which something may have been made: one that was never permitted has no finalizer, and no say. */
function namespaceMates(connection: PasswordlessConnection, deps: Deps): readonly PasswordlessConnection[] {
  const { namespace = '', uid } = connection.metadata;
  return deps.connections
    .list(namespace)
    .filter(({ metadata }) => metadata.uid !== uid && !metadata.deletionTimestamp)
    .filter((other) => hasFinalizer(other, finalizer));
}

/** Where the last pass found the identity: only a hint where something of ours may be left. */
function formerIdentity(connection: PasswordlessConnection): ResourceId | undefined {
  const text = connection.status?.identity?.resourceId;
  const parsed = text === undefined ? undefined : parseResourceId(text, 'userAssignedIdentity');
  return parsed?.ok ? parsed.id : undefined;
}

/** Whether a connection may name this identity; one that goes by client id does so by where it was last found, and may when it wasn't yet. */
function namesIdentity({ spec, status }: PasswordlessConnection, id: ResourceId): boolean {
  const text = spec.identity.userAssigned?.resourceId ?? status?.identity?.resourceId;
  const parsed = text === undefined ? undefined : parseResourceId(text, 'userAssignedIdentity');
  return parsed === undefined || (parsed.ok && sameResource(parsed.id, id));
}

/**
 * Whether a neighbour may need the federation of a connection. One that goes by a client id which was never found has none; should it be found just now, it is
 * looked at once more when this connection is gone.
 */
function sharesIdentity(other: PasswordlessConnection, connection: PasswordlessConnection): boolean {
  const { spec } = connection;
  if (!mayBeSameIdentity(other.spec.identity, spec.identity)) return false;
  if ((other.spec.identity.userAssigned?.resourceId === undefined) === (spec.identity.userAssigned?.resourceId === undefined)) return true;
  const [own, its] = [identityOf(connection), identityOf(other)];
  return its !== undefined && (own === undefined || sameResource(own, its));
}

/** The identity that a spec names, or that its client id was last found to mean. */
function identityOf({ spec, status }: PasswordlessConnection): ResourceId | undefined {
  const parsed = parseResourceId(spec.identity.userAssigned?.resourceId ?? status?.identity?.resourceId, 'userAssignedIdentity');
  return parsed.ok ? parsed.id : undefined;
}

/** Whether two specs certainly name the same identity: one of them by client id and the other by resource id may not. */
function isSameIdentity(a: ConnectionSpec['identity'], b: ConnectionSpec['identity']): boolean {
  return (a.userAssigned?.resourceId === undefined) === (b.userAssigned?.resourceId === undefined) && mayBeSameIdentity(a, b);
}

/** Whether two specs name the same identity; when one goes by client id and the other by resource id, that can't be ruled out. */
function mayBeSameIdentity(a: ConnectionSpec['identity'], b: ConnectionSpec['identity']): boolean {
  const [left, right] = [a.userAssigned, b.userAssigned];
  if (!left || !right) return false;
  if (left.clientId && right.clientId) return left.clientId.toLowerCase() === right.clientId.toLowerCase();
  if (left.resourceId && right.resourceId) return left.resourceId.toLowerCase() === right.resourceId.toLowerCase();
  return true;
}
