import type { WorkloadType } from '../api/spec.ts';
import type { Arm } from '../azure/arm.ts';
import { createContainerApps } from '../azure/container-apps.ts';
import { createSpringApps } from '../azure/spring-apps.ts';
import { createWebApps } from '../azure/web-apps.ts';
import type { IdentityHost } from '../identities/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import { createContainerAppWorkload } from './container-app.ts';
import { createServiceAccountWorkload } from './service-account.ts';
import { createSpringAppWorkload } from './spring-app.ts';
import { createWebAppWorkload } from './web-app.ts';
import type { WorkloadKind } from './workload.ts';

export interface Workloads {
  readonly workloads: ReadonlyMap<WorkloadType, WorkloadKind>;
  /** Those of them that have an identity of their own. */
  readonly hosts: ReadonlyMap<WorkloadType, IdentityHost>;
}

/** All kinds of workloads that are served, one line each. */
export function createWorkloads(client: KubeClient, arm: Arm, clock: Clock): Workloads {
  const apps = [
    createContainerAppWorkload(createContainerApps(arm, clock)),
    createWebAppWorkload(createWebApps(arm, clock)),
    createSpringAppWorkload(createSpringApps(arm, clock)),
  ];
  const hosts = new Map(apps.map((app) => [app.type, app]));
  return { workloads: new Map<WorkloadType, WorkloadKind>([['ServiceAccount', createServiceAccountWorkload(client)], ...hosts]), hosts };
}
