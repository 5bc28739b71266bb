import type { IdentityType } from '../api/spec.ts';
import type { Arm } from '../azure/arm.ts';
import { idsByClientSecret } from '../azure/client-secret.ts';
import type { Cloud } from '../azure/cloud.ts';
import type { AzureCalls } from '../azure/reads.ts';
import { readSystemIdentity } from '../azure/system-identities.ts';
import type { Clock } from '../runtime/clock.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import type { IdentityKind } from './identity.ts';
import { createServicePrincipal } from './service-principal.ts';
import { createSystemAssigned, type SystemAssignedDeps } from './system-assigned.ts';
import { createUserAssigned } from './user-assigned.ts';

export interface IdentitiesOptions {
  readonly client: KubeClient;
  readonly arm: Arm;
  readonly calls: AzureCalls;
  readonly cloud: Cloud;
  /** The operator's own tenant. */
  readonly tenantId: string;
  readonly hosts: SystemAssignedDeps['hosts'];
  readonly clock: Clock;
}

/** All kinds of identities that are served, one line each. */
export function createIdentities(options: IdentitiesOptions): ReadonlyMap<IdentityType, IdentityKind> {
  const { arm, calls, cloud, tenantId, hosts } = options;
  const identities = [
    createUserAssigned(calls),
    createSystemAssigned({ hosts, readSystemIdentity: (scope, o) => readSystemIdentity(arm, scope, o) }),
    createServicePrincipal({ ...options, idsOf: (clientId, secret, o) => idsByClientSecret({ tenantId, clientId, secret }, cloud, o) }),
  ];
  return new Map(identities.map((identity) => [identity.type, identity]));
}
