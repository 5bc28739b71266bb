import { type ContainerApp, containerEnvironment } from './container-app.ts';
import { isSameId } from './host-identity.ts';
import { type SpringApp, springEnvironment } from './spring-app.ts';
import { type WebApp, webAppEnvironment } from './web-app.ts';

/** The apps that Azure hosts. */
export interface Hosts {
  readonly containerApps: ContainerApp[];
  /** Slots stand beside their app. */
  readonly webApps: WebApp[];
  readonly springApps: SpringApp[];
}

export type HostedApp = ContainerApp | WebApp | SpringApp;

export function noHosts(): Hosts {
  return { containerApps: [], webApps: [], springApps: [] };
}

export function appsOf({ containerApps, webApps, springApps }: Hosts): readonly HostedApp[] {
  return [...containerApps, ...webApps, ...springApps];
}

export function findHost(hosts: Hosts, resourceId: string): HostedApp | undefined {
  return appsOf(hosts).find((app) => isSameId(app.resourceId, resourceId));
}

export interface EnvironmentOptions {
  readonly now: number;
  /** A container app's container, the first when left out, or a Spring app's deployment, the active one when left out. */
  readonly part?: string;
}

/** What an app that runs finds in its environment of what it is configured with. Throws RangeError for a part that isn't there. */
export function environmentOf(app: HostedApp, { now, part }: EnvironmentOptions): Readonly<Record<string, string>> {
  switch (app.type) {
    case 'ContainerApp':
      return containerEnvironment(app, { now, ...(part !== undefined && { container: part }) });
    case 'WebApp':
      return webAppEnvironment(app);
    case 'SpringApp':
      return springEnvironment(app, part);
    default:
      return app satisfies never;
  }
}
