import type { ArmOperation } from '../arm-operation.ts';
import { type ContainerAppsOptions, containerAppOperations } from './container-apps.ts';
import { resourceTagsOperations } from './resource-tags.ts';
import { springAppOperations } from './spring-apps.ts';
import { systemAssignedOperations } from './system-assigned.ts';
import { webAppOperations } from './web-apps.ts';

/** All that Azure Resource Manager serves of apps, and of the identities that come with them. */
export function hostOperations(options: ContainerAppsOptions): readonly ArmOperation[] {
  return [
    ...containerAppOperations(options),
    ...webAppOperations(options),
    ...springAppOperations(options),
    ...systemAssignedOperations,
    ...resourceTagsOperations,
  ];
}
