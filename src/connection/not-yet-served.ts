import type { ConnectionSpec } from '../api/spec.ts';

/** The first part of a spec that this version does not serve, in words for its author; undefined when it serves all of it. */
export function unservedPart(spec: ConnectionSpec): string | undefined {
  const { workload, identity, target } = spec;
  if (workload.type !== 'ServiceAccount') return `spec.workload.type ${workload.type}`;
  if (identity.type !== 'UserAssigned') return `spec.identity.type ${identity.type}`;
  if (identity.userAssigned?.create) return 'spec.identity.userAssigned.create';
  if (target.type !== 'PostgreSQL') return `spec.target.type ${target.type}`;
  return undefined;
}
