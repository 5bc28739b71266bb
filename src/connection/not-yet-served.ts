import type { ConnectionSpec } from '../api/spec.ts';
import type { Deps } from './deps.ts';

/** The first part of a spec that this version does not serve, in words for its author; undefined when it serves all of it. */
export function unservedPart(spec: ConnectionSpec, served: Pick<Deps, 'targets' | 'identities' | 'workloads'>): string | undefined {
  const { workload, identity, target } = spec;
  if (!served.workloads.has(workload.type)) return `spec.workload.type ${workload.type}`;
  if (!served.identities.has(identity.type)) return `spec.identity.type ${identity.type}`;
  if (!served.targets.has(target.type)) return `spec.target.type ${target.type}`;
  return undefined;
}
