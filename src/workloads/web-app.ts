import type { AppAddress, AppHost } from '../azure/hosted-app.ts';
import { parseResourceId, resourceName, resourcePath } from '../azure/resource-id.ts';
import type { AppKind } from './app-kind.ts';
import { createAppWorkload } from './app-workload.ts';

/** As long as App Service allows, and nothing that could lead out of the path: https://learn.microsoft.com/azure/app-service/deploy-staging-slots */
const slotName = /^[A-Za-z0-9]([A-Za-z0-9-]{0,57}[A-Za-z0-9])?$/;

/** Web and function apps of App Service, and their slots: application settings. */
export function createWebAppWorkload(host: AppHost): ReturnType<typeof createAppWorkload> {
  const kind: AppKind = {
    type: 'WebApp',
    host,
    locate({ webApp }) {
      const parsed = parseResourceId(webApp?.resourceId, 'webApp');
      if (!parsed.ok) return `spec.workload.webApp.resourceId ${parsed.why}`;
      const slot = webApp?.slot;
      if (slot !== undefined && !slotName.test(slot)) return 'spec.workload.webApp.slot is no name that a slot can have: correct it';
      // the app itself, which has no resource of that name
      return { id: parsed.id, part: slot?.toLowerCase() === 'production' ? undefined : slot };
    },
    pathOf,
    // a slot has one of its own
    identityPathOf: pathOf,
    addressIn(path) {
      const [site = '', slot] = path.split('/slots/');
      const parsed = parseResourceId(site, 'webApp');
      return parsed.ok && (slot === undefined || slotName.test(slot)) ? { id: parsed.id, part: slot } : undefined;
    },
    title: ({ id, part }) => (part === undefined ? `web app "${resourceName(id)}"` : `slot "${part}" of web app "${resourceName(id)}"`),
    places: () => ({ places: undefined, placesField: 'spec.workload.webApp' }),
  };
  return createAppWorkload(kind);
}

function pathOf({ id, part }: AppAddress): string {
  return part === undefined ? resourcePath(id) : `${resourcePath(id)}/slots/${part}`;
}
