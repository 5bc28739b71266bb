import type { AppHost } from '../azure/hosted-app.ts';
import { parseResourceId, resourceName, resourcePath } from '../azure/resource-id.ts';
import type { AppKind } from './app-kind.ts';
import { createAppWorkload } from './app-workload.ts';

/** Azure Container Apps: variables of all containers or of those named; a secret in the app's secrets. */
export function createContainerAppWorkload(host: AppHost): ReturnType<typeof createAppWorkload> {
  const kind: AppKind = {
    type: 'ContainerApp',
    host,
    locate({ containerApp }) {
      const parsed = parseResourceId(containerApp?.resourceId, 'containerApp');
      return parsed.ok ? { id: parsed.id } : `spec.workload.containerApp.resourceId ${parsed.why}`;
    },
    pathOf: ({ id }) => resourcePath(id),
    identityPathOf: ({ id }) => resourcePath(id),
    addressIn(path) {
      const parsed = parseResourceId(path, 'containerApp');
      return parsed.ok ? { id: parsed.id } : undefined;
    },
    title: ({ id }) => `container app "${resourceName(id)}"`,
    places: ({ containerApp }) => ({ places: containerApp?.containers, placesField: 'spec.workload.containerApp.containers' }),
  };
  return createAppWorkload(kind);
}
