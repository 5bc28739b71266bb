import type { ArmContext } from '../arm-operation.ts';
import { renderIdentity } from './host-identity.ts';
import { type JsonObject, without } from './json.ts';
import { type RunningOperation, statusOfNewest } from './running-operation.ts';
import type { SpringApp, SpringDeployment } from './spring-app.ts';

/** An app as GET shows it; versions before 2022-05-01 know no user-assigned identities. */
export function renderSpringApp(
  { resourceId, name, location, identity, operations }: SpringApp,
  { world, clock, apiVersion }: ArmContext,
): JsonObject {
  // in lower case: https://github.com/Azure/azure-rest-api-specs/issues/18595
  const block = renderIdentity(identity, world, (id) => id.toLowerCase());
  const shown = block && apiVersion < '2022-05-01' ? without(block, ['userAssignedIdentities']) : block;
  return {
    id: resourceId,
    name,
    type: 'Microsoft.AppPlatform/Spring/apps',
    location,
    properties: {
      public: false,
      provisioningState: stateAsShown(operations, clock.now()),
      httpsOnly: false,
      temporaryDisk: { sizeInGB: 5, mountPath: '/tmp' },
      enableEndToEndTLS: false,
    },
    ...(shown && { identity: shown }),
  };
}

export function renderSpringDeployment(app: SpringApp, deployment: SpringDeployment, { clock }: ArmContext): JsonObject {
  const { name, active, settings, environmentVariables, operations } = deployment;
  return {
    id: `${app.resourceId}/deployments/${name}`,
    name,
    type: 'Microsoft.AppPlatform/Spring/apps/deployments',
    properties: {
      source: { type: 'Jar', relativePath: '<default>', runtimeVersion: 'Java_17' },
      deploymentSettings: { ...settings, environmentVariables },
      provisioningState: stateAsShown(operations, clock.now()),
      status: 'Running',
      active,
      instances: [],
    },
    sku: { name: 'S0', tier: 'Standard', capacity: 1 },
  };
}

function stateAsShown(operations: readonly RunningOperation[], now: number): string {
  const status = statusOfNewest(operations, now);
  return status === 'InProgress' ? 'Updating' : status;
}
