import type { PasswordlessConnection } from '../api/connection.generated.ts';
import type { ResourceId } from '../azure/resource-id.ts';
import { evaluate } from '../policy/evaluate.ts';
import type { Allowed, ConnectionFacts, Usage, Verdict } from '../policy/verdict.ts';
import type { Deps } from './deps.ts';
import type { Request } from './request.ts';

/** A connection that was permitted when the pass began is so no longer, or its resolved identity isn't. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** The resource is another than when the pass began, or on its way out: the pass that its watch has asked for speaks for it. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** Whether policies allow a connection, by what the caches know now. Asks nobody. */
export function permission(connection: PasswordlessConnection, deps: Deps, resolvedIdentity?: ResourceId | 'absent'): Verdict {
  return judge(connection, deps, { usage: usageOf(connection, deps), ...(resolvedIdentity && { resolvedIdentity }) });
}

/**
 * What policies say of a connection, in a text that changes with it. Limits stand beside it instead of being counted against: all connections are asked at once
 * when a policy changes, and each would count all before it.
 */
export function verdictText(connection: PasswordlessConnection, deps: Deps): string {
  const limits = deps.policies.list().flatMap(({ metadata, spec }) => (spec.limits ? [[metadata.name, spec.limits]] : []));
  return JSON.stringify([judge(connection, deps, {}), limits]);
}

function judge(connection: PasswordlessConnection, deps: Deps, facts: Pick<ConnectionFacts, 'usage' | 'resolvedIdentity'>): Verdict {
  const name = connection.metadata.namespace ?? '';
  const namespace = deps.namespaces.get({ namespace: '', name });
  if (!namespace) return { allowed: false, part: 'namespace', message: 'the namespace of this connection is not known yet' };
  const labels = namespace.metadata.labels ?? {};
  const judged = { spec: connection.spec, defaultUserName: defaultUserName(connection, deps), ...facts };
  return evaluate(judged, deps.policies.list(), { name, labels }, { operatorNamespace: deps.operator.namespace });
}

/**
 * Asks again, before anything is written, and answers what is allowed now: the policies may have changed since, and the resource may be another or on its way out.
 * Throws Refusal when it is no longer permitted, Overtaken when the resource itself changed.
 */
export function requirePermission(request: Request, deps: Deps, resolvedIdentity?: ResourceId | 'absent'): Allowed {
  const current = deps.connections.get({ namespace: request.namespace, name: request.name });
  const { uid, generation } = request;
  if (current?.metadata.uid !== uid || current.metadata.generation !== generation || current.metadata.deletionTimestamp) {
    throw new Overtaken('the resource changed while the operator was at work on it');
  }
  const verdict = permission(current, deps, resolvedIdentity);
  if (!verdict.allowed) throw new Refusal(verdict.message);
  return verdict;
}

export function defaultUserName(connection: PasswordlessConnection, deps: Pick<Deps, 'targets'>): string {
  const { namespace = '', name } = connection.metadata;
  return deps.targets.get(connection.spec.target.type)?.defaultUserName(namespace, name) ?? `aad_${namespace}_${name}`;
}

/** What older connections of the namespace take up of a policy's limits; worked out only when a policy asks. */
function usageOf(connection: PasswordlessConnection, deps: Deps): Usage {
  const older = () =>
    deps.connections
      .list(connection.metadata.namespace ?? '')
      .filter((other) => !other.metadata.deletionTimestamp && isOlder(other, connection));
  return {
    connections: (policy) => countUpTo(limitOf(policy, deps), older(), (other) => isAllowedBy(policy, other, deps)),
    get serviceAccountsOnIdentity() {
      const identity = identityText(connection);
      const account = connection.spec.workload.serviceAccount?.name;
      const accounts = older()
        .filter((other) => identityText(other) === identity)
        .map((other) => other.spec.workload.serviceAccount?.name);
      return new Set(accounts.filter((name) => name !== undefined && name !== account)).size;
    },
  };
}

function limitOf(policy: string, { policies }: Deps): number {
  return policies.get({ namespace: '', name: policy })?.spec.limits?.connectionsPerNamespace ?? Number.POSITIVE_INFINITY;
}

/** How many satisfy the test; it stops at the limit, because a tenant may make thousands of connections and each asks about all before it (threat-model E1). */
function countUpTo<T>(limit: number, items: readonly T[], test: (item: T) => boolean): number {
  let count = 0;
  for (const item of items) {
    if (count >= limit) break;
    if (test(item)) count += 1;
  }
  return count;
}

function isAllowedBy(policy: string, connection: PasswordlessConnection, deps: Deps): boolean {
  const { namespace: name = '' } = connection.metadata;
  const labels = deps.namespaces.get({ namespace: '', name })?.metadata.labels ?? {};
  const judged = { spec: connection.spec, defaultUserName: defaultUserName(connection, deps) };
  const only = deps.policies.get({ namespace: '', name: policy });
  const unlimited = only ? [{ metadata: only.metadata, spec: { ...only.spec, limits: {} } }] : [];
  return evaluate(judged, unlimited, { name, labels }, { operatorNamespace: deps.operator.namespace }).allowed;
}

function isOlder(other: PasswordlessConnection, than: PasswordlessConnection): boolean {
  const [a, b] = [other.metadata, than.metadata];
  return a.creationTimestamp < b.creationTimestamp || (a.creationTimestamp === b.creationTimestamp && a.uid < b.uid);
}

function identityText({ spec }: PasswordlessConnection): string | undefined {
  const { resourceId, clientId } = spec.identity.userAssigned ?? {};
  return (resourceId ?? clientId)?.toLowerCase();
}
