import type { AppHost } from '../azure/hosted-app.ts';
import { parseResourceId, resourceName, resourcePath } from '../azure/resource-id.ts';
import type { AppKind } from './app-kind.ts';
import { createAppWorkload } from './app-workload.ts';

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftappplatform */
const deploymentName = /^[A-Za-z][A-Za-z0-9-]{0,30}[A-Za-z0-9]$/;

/** Apps of Azure Spring Apps: variables of one deployment. Azure retires the service in March 2028. */
export function createSpringAppWorkload(host: AppHost): ReturnType<typeof createAppWorkload> {
  const kind: AppKind = {
    type: 'SpringApp',
    host,
    locate({ springApp }) {
      const parsed = parseResourceId(springApp?.resourceId, 'springApp');
      if (!parsed.ok) return `spec.workload.springApp.resourceId ${parsed.why}`;
      const part = springApp?.deployment;
      if (part !== undefined && !deploymentName.test(part))
        return 'spec.workload.springApp.deployment is no name that a deployment can have: correct it';
      return { id: parsed.id, part };
    },
    pathOf: ({ id, part }) => (part === undefined ? resourcePath(id) : `${resourcePath(id)}/deployments/${part}`),
    // deployments have none
    identityPathOf: ({ id }) => resourcePath(id),
    addressIn(path) {
      const [app = '', deployment] = path.split('/deployments/');
      const parsed = parseResourceId(app, 'springApp');
      return parsed.ok && (deployment === undefined || deploymentName.test(deployment)) ? { id: parsed.id, part: deployment } : undefined;
    },
    title: ({ id, part }) =>
      part === undefined ? `Spring app "${resourceName(id)}"` : `deployment "${part}" of Spring app "${resourceName(id)}"`,
    places: () => ({ places: undefined, placesField: 'spec.workload.springApp' }),
  };
  return createAppWorkload(kind);
}
