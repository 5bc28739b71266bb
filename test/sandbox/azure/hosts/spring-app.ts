import { type HostIdentity, noIdentity } from './host-identity.ts';
import type { JsonObject } from './json.ts';
import type { RunningOperation } from './running-operation.ts';

/** An app of Azure Spring Apps. */
export interface SpringApp {
  readonly type: 'SpringApp';
  readonly name: string;
  /** …/providers/Microsoft.AppPlatform/Spring/<service>/apps/<app> */
  readonly resourceId: string;
  readonly location: string;
  identity: HostIdentity;
  readonly deployments: SpringDeployment[];
  /** Oldest first. */
  readonly operations: RunningOperation[];
}

export interface SpringDeployment {
  readonly name: string;
  /** One of an app's deployments has its traffic. */
  active: boolean;
  /** Deployment settings besides the variables. */
  settings: JsonObject;
  environmentVariables: Readonly<Record<string, string>>;
  /** Each change of the settings starts it again. */
  restarts: number;
  /** Oldest first. */
  readonly operations: RunningOperation[];
}

export interface SpringAppOptions {
  readonly name: string;
  readonly service: string;
  /** /subscriptions/<id>/resourceGroups/<group> */
  readonly groupId: string;
  readonly location: string;
  /** The first one is active; one named `default` when left out. */
  readonly deployments?: readonly string[];
  readonly environmentVariables?: Readonly<Record<string, string>>;
  readonly identity?: HostIdentity;
}

export function newSpringApp({
  name,
  service,
  groupId,
  location,
  deployments = ['default'],
  environmentVariables = {},
  identity = noIdentity,
}: SpringAppOptions): SpringApp {
  return {
    type: 'SpringApp',
    name,
    resourceId: `${groupId}/providers/Microsoft.AppPlatform/Spring/${service}/apps/${name}`,
    location,
    identity,
    deployments: deployments.map((deployment, index) => ({
      name: deployment,
      active: index === 0,
      settings: { resourceRequests: { cpu: '1', memory: '1Gi' } },
      environmentVariables,
      restarts: 0,
      operations: [],
    })),
    operations: [],
  };
}

/** What a deployment finds in its environment of what it is configured with; the active one when `deployment` is left out. Throws RangeError for one that isn't there. */
export function springEnvironment(app: SpringApp, deployment: string | undefined): Readonly<Record<string, string>> {
  const found = app.deployments.find(({ name, active }) => (deployment === undefined ? active : name === deployment));
  if (!found) throw new RangeError(`${app.name} has no deployment ${deployment ?? 'that is active'}`);
  return found.environmentVariables;
}
