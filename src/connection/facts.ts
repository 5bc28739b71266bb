import { type Stage, stages } from '../api/conditions.ts';
import { resourcePath } from '../azure/resource-id.ts';
import type { Deps } from './deps.ts';
import type { Pass } from './observe.ts';
import type { Facts } from './outcome.ts';
import { parts } from './parts.ts';
import type { Request } from './request.ts';

/** What a pass found out, for status. Pure. */
export function factsOf(request: Request, { seen, inSync }: Pass, deps: Pick<Deps, 'workloads'>): Facts {
  const workload = deps.workloads.get(request.workload.spec.type);
  const resolved = seen.identity?.resolved;
  return {
    policy: request.policy,
    // until then status goes on naming workload and identity before, because something of ours may be left there
    ...(workload && inSync.includes('identity') && { workload: workload.describe(request.workload.spec) }),
    ...(resolved &&
      inSync.includes('identity') && {
        identity: {
          principalId: resolved.principalId,
          clientId: resolved.clientId,
          tenantId: resolved.tenantId,
          ...(resolved.resourceId && { resourceId: resourcePath(resolved.resourceId) }),
        },
      }),
    ...(seen.server && { server: { host: seen.server.host, port: request.port } }),
    ...(seen.user && { databaseUser: { name: request.target.userName, created: seen.user.mark?.origin !== 'adopted' } }),
    // named only when it is there and the one before is gone: servicebinding.io consumers act on it
    ...(inSync.includes('settings') &&
      workload?.type === 'ServiceAccount' && { binding: { name: request.workload.output.secret?.name ?? request.name } }),
  };
}

/** The stages of which a pass saw every part in sync. Pure. */
export function stagesInSync({ inSync }: Pass): readonly Stage[] {
  return stages.filter((stage) => parts.every((part) => part.stage !== stage || inSync.includes(part.name)));
}
