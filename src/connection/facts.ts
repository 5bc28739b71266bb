import { resourcePath } from '../azure/resource-id.ts';
import type { Deps } from './deps.ts';
import type { Facts } from './outcome.ts';
import type { Observation } from './parts.ts';
import type { Request } from './request.ts';

/** What a pass found out, for status. Pure. */
export function factsOf(request: Request, seen: Observation, deps: Pick<Deps, 'workloads'>): Facts {
  const workload = deps.workloads.get(request.workload.spec.type);
  const resolved = seen.identity?.resolved;
  return {
    policy: request.policy,
    ...(workload && { workload: workload.describe(request.workload.spec) }),
    ...(resolved && {
      identity: {
        principalId: resolved.principalId,
        clientId: resolved.clientId,
        tenantId: resolved.tenantId,
        resourceId: resourcePath(resolved.resourceId),
      },
    }),
    ...(seen.server && { server: { host: seen.server.host, port: request.port } }),
    ...(seen.user && { databaseUser: { name: request.target.userName, created: seen.user.mark?.origin !== 'adopted' } }),
    // named only when it is there: servicebinding.io consumers act on it
    ...(isLast(seen) && workload?.type === 'ServiceAccount' && { binding: { name: request.workload.output.secret?.name ?? request.name } }),
  };
}

/** Whether the last part was reached. */
function isLast(seen: Observation): boolean {
  return seen.settings !== undefined;
}
