import type { ConnectionPolicy } from '../api/policy.generated.ts';
import { type Covered, coverageOf } from '../policy/coverage.ts';
import type { NamespaceFacts } from '../policy/namespaces.ts';
import type { ReconcileResult } from '../runtime/controller.ts';
import type { ObjectKey } from '../runtime/resource.ts';
import type { StatusWriter } from '../runtime/status-writer.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { defaultUserName } from './permit.ts';
import { timeText } from './time-text.ts';

type PolicyStatus = NonNullable<ConnectionPolicy['status']>;

/** Says in a policy's status what it amounts to now. Writes only when that changed. */
export async function reconcilePolicy(
  key: ObjectKey,
  deps: Pick<Deps, 'policies' | 'namespaces' | 'connections' | 'targets' | 'operator' | 'clock'>,
  writer: StatusWriter<ConnectionPolicy>,
  { signal }: Cancellable,
): Promise<ReconcileResult> {
  const policy = deps.policies.get(key);
  if (policy) await writer.write(policy, policyStatus(policy, deps), { signal });
  return { kind: 'done' };
}

function policyStatus(
  policy: ConnectionPolicy,
  deps: Pick<Deps, 'policies' | 'namespaces' | 'connections' | 'targets' | 'operator' | 'clock'>,
): PolicyStatus {
  const facts = new Map(
    deps.namespaces
      .list()
      .map(({ metadata }): [string, NamespaceFacts] => [metadata.name, { name: metadata.name, labels: metadata.labels ?? {} }]),
  );
  const connections = deps.connections.list().flatMap((connection): Covered[] => {
    const namespace = facts.get(connection.metadata.namespace ?? '');
    if (!namespace || connection.metadata.deletionTimestamp) return [];
    return [{ facts: { spec: connection.spec, defaultUserName: defaultUserName(connection, deps) }, namespace }];
  });
  const counts = coverageOf(policy, deps.policies.list(), [...facts.values()], connections, { operatorNamespace: deps.operator.namespace });
  const { generation } = policy.metadata;
  const before = policy.status?.conditions?.find(({ type, status }) => type === 'Accepted' && status === 'True');
  const now = timeText(deps.clock.now());
  return {
    observedGeneration: generation,
    ...counts,
    conditions: [
      {
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: `namespaces that it selects: ${counts.namespaces}; connections that would lose their access without it: ${counts.connections}`,
        observedGeneration: generation,
        lastTransitionTime: before?.lastTransitionTime ?? now,
      },
    ],
  };
}
