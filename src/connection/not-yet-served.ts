import type { ConnectionSpec } from '../api/spec.ts';

/** The first part of a spec that this version does not serve, in words for its author; undefined when it serves all of it. */
export function unservedPart(spec: ConnectionSpec): string | undefined {
  const { workload, identity, target, access } = spec;
  if (workload.type !== 'ServiceAccount') return `spec.workload.type ${workload.type}`;
  if (identity.type !== 'UserAssigned') return `spec.identity.type ${identity.type}`;
  if (identity.userAssigned?.create) return 'spec.identity.userAssigned.create';
  if (target.type !== 'PostgreSQL') return `spec.target.type ${target.type}`;
  if (access.profile === 'Custom') return 'spec.access.profile Custom';
  if (access.grants?.length) return 'spec.access.grants';
  if (access.roles?.length) return 'spec.access.roles';
  if (access.routines === 'All') return 'spec.access.routines All';
  return undefined;
}
