import { keptTemplate } from './container-app-template.ts';
import { type HostIdentity, noIdentity } from './host-identity.ts';
import { type JsonObject, objectsIn } from './json.ts';
import { type RunningOperation, statusOfNewest } from './running-operation.ts';

/** A secret of a container app. */
export type AppSecret =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly keyVaultUrl: string; readonly identity: string };

/** A revision: what runs. It never changes, but its replicas start again. */
export interface Revision {
  readonly name: string;
  readonly createdAt: number;
  /** Until then it is being provisioned. */
  readonly readyAt: number;
  readonly template: JsonObject;
  /** Why it can't run; undefined where it can. */
  readonly failure: string | undefined;
  /** The values of the app's secrets as the replicas got them when they started: a change reaches them only by a restart. */
  secrets: Readonly<Record<string, string>>;
  restarts: number;
}

/** A container app of Azure Container Apps. */
export interface ContainerApp {
  readonly type: 'ContainerApp';
  readonly name: string;
  readonly resourceId: string;
  readonly location: string;
  tags: Readonly<Record<string, string>>;
  identity: HostIdentity;
  /** As ARM keeps `properties`: environment, configuration without its secrets, template. */
  properties: JsonObject;
  secrets: readonly AppSecret[];
  /** Oldest first. */
  readonly revisions: Revision[];
  /** Oldest first. */
  readonly operations: RunningOperation[];
}

export interface ContainerAppOptions {
  readonly name: string;
  /** /subscriptions/<id>/resourceGroups/<group> */
  readonly groupId: string;
  readonly location: string;
  /** One that says hello when left out. */
  readonly containers?: readonly JsonObject[];
  readonly secrets?: readonly AppSecret[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly identity?: HostIdentity;
}

/** A container app with one revision that is ready. */
export function newContainerApp({
  name,
  groupId,
  location,
  containers,
  secrets = [],
  tags = {},
  identity = noIdentity,
}: ContainerAppOptions): ContainerApp {
  const environment = `${groupId}/providers/Microsoft.App/managedEnvironments/sandbox`;
  const template = keptTemplate({
    containers: containers ?? [helloContainer(name)],
    scale: { minReplicas: null, maxReplicas: 10, rules: null },
  });
  const app: ContainerApp = {
    type: 'ContainerApp',
    name,
    resourceId: `${groupId}/providers/Microsoft.App/containerApps/${name}`,
    location,
    tags,
    identity,
    properties: {
      managedEnvironmentId: environment,
      environmentId: environment,
      workloadProfileName: 'Consumption',
      configuration: { activeRevisionsMode: 'Single', maxInactiveRevisions: 100 },
      template,
    },
    secrets,
    revisions: [],
    operations: [],
  };
  app.revisions.push({
    name: `${name}--first`,
    createdAt: 0,
    readyAt: 0,
    template,
    failure: undefined,
    secrets: secretValues(app),
    restarts: 0,
  });
  return app;
}

/** The values that the app's secrets have now. Those of a key vault have none here, as the sandbox has no vault. */
export function secretValues({ secrets }: Pick<ContainerApp, 'secrets'>): Readonly<Record<string, string>> {
  return Object.fromEntries(secrets.flatMap((secret) => ('value' in secret ? [[secret.name, secret.value]] : [])));
}

/** The newest revision that runs, which in single revision mode has all the traffic. */
export function readyRevision({ revisions }: ContainerApp, now: number): Revision | undefined {
  return revisions.findLast(({ failure, readyAt }) => failure === undefined && readyAt <= now);
}

/** What a container of the newest ready revision finds in its environment of what the app configures, references to secrets resolved. Throws RangeError for a container that isn't there. */
export function containerEnvironment(
  app: ContainerApp,
  { container, now }: { readonly container?: string; readonly now: number },
): Readonly<Record<string, string>> {
  const revision = readyRevision(app, now);
  const containers = objectsIn(revision?.template, 'containers');
  const found = container === undefined ? containers[0] : containers.find(({ name }) => name === container);
  if (!revision || !found) throw new RangeError(`${app.name} has no running container ${container ?? ''}`);
  const variables = objectsIn(found, 'env').flatMap(({ name, value, secretRef }): readonly (readonly [string, string])[] => {
    const given = typeof secretRef === 'string' ? revision.secrets[secretRef] : (value ?? '');
    return typeof given === 'string' ? [[String(name), given]] : [];
  });
  return { ...Object.fromEntries(variables), CONTAINER_APP_NAME: app.name, CONTAINER_APP_REVISION: revision.name };
}

/** What GET tells of the app as a whole. */
export function provisioningState({ operations }: ContainerApp, now: number): 'InProgress' | 'Succeeded' | 'Failed' {
  return statusOfNewest(operations, now);
}

function helloContainer(name: string): JsonObject {
  const resources = { cpu: 0.5, memory: '1Gi' };
  return { image: 'mcr.microsoft.com/k8se/quickstart:latest', name, resources };
}
