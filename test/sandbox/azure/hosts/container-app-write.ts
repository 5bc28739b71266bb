import { ArmError } from '../arm-error.ts';
import { type AppSecret, type ContainerApp, provisioningState, secretValues } from './container-app.ts';
import { checkTemplate, isSameTemplate, keptTemplate, provisioningFailure, readSecrets } from './container-app-template.ts';
import type { HostIdentity } from './host-identity.ts';
import { type JsonObject, mergePatch, objectIn, without } from './json.ts';
import type { ResourceBody } from './resource-body.ts';
import type { RunningOperation } from './running-operation.ts';

/** Members that a caller may send back without effect. */
const readOnly = [
  'provisioningState',
  'runningStatus',
  'deploymentErrors',
  'latestRevisionName',
  'latestReadyRevisionName',
  'latestRevisionFqdn',
  'customDomainVerificationId',
  'outboundIpAddresses',
  'eventStreamEndpoint',
];

export interface WriteTimes {
  readonly now: number;
  /** How long the write takes, and so how long it shuts out others. */
  readonly writeMs: number;
  readonly newId: () => string;
}

/** What an app shall be after a write. */
export interface WantedContainerApp {
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: JsonObject;
  readonly secrets: readonly AppSecret[];
}

/** Throws ArmError 409 while another write runs, in the words of https://github.com/microsoft/azure-container-apps/issues/1731 */
export function checkIdle(app: ContainerApp, now: number): void {
  if (provisioningState(app, now) !== 'InProgress') return;
  throw new ArmError(
    409,
    'ContainerAppOperationInProgress',
    `Cannot modify a container app '${app.name}' because there is an active provisioning operation in progress. OperationId: '${app.operations.at(-1)?.id}'. Please try again later.`,
  );
}

/** What the body of a PATCH, which is a JSON merge patch, or of a PUT makes of an app. Throws ArmError 400. */
export function wantedContainerApp(
  app: Pick<ContainerApp, 'tags' | 'properties' | 'secrets'>,
  { tags, properties }: ResourceBody,
  method: 'PATCH' | 'PUT',
): WantedContainerApp {
  const sent = without(properties, readOnly);
  const configuration = objectIn(sent, 'configuration');
  const sentSecrets = readSecrets(configuration);
  const plain = { ...sent, ...('configuration' in sent && { configuration: without(configuration, ['secrets']) }) };
  const next = (method === 'PATCH' ? mergePatch(app.properties, plain) : mergePatch({}, plain)) as JsonObject;
  const secrets = sentSecrets ?? (method === 'PATCH' ? app.secrets : []);
  const template = keptTemplate(objectIn(next, 'template'));
  checkTemplate(template, secrets);
  return {
    tags: (method === 'PATCH' ? mergePatch(app.tags, tags ?? {}) : mergePatch({}, tags ?? {})) as Readonly<Record<string, string>>,
    properties: { ...next, template },
    secrets,
  };
}

/** Makes it so, with a new revision where the template differs from the newest one's. Only a failure to provision it comes to light later. */
export function writeContainerApp(
  app: ContainerApp,
  { tags, properties, secrets }: WantedContainerApp,
  identity: HostIdentity,
  { now, writeMs, newId }: WriteTimes,
): RunningOperation {
  app.tags = tags;
  app.properties = properties;
  app.secrets = secrets;
  app.identity = identity;
  const endsAt = now + writeMs;
  const failure = provisionRevision(app, { now, endsAt, newId });
  const operation: RunningOperation = {
    id: newId(),
    startedAt: now,
    endsAt,
    ...(failure !== undefined && {
      failure: {
        code: 'ContainerAppOperationError',
        message: `Failed to provision revision for container app '${app.name}'. Error details: ${failure}.`,
      },
    }),
  };
  app.operations.push(operation);
  return operation;
}

function provisionRevision(
  app: ContainerApp,
  { now, endsAt, newId }: { readonly now: number; readonly endsAt: number; readonly newId: () => string },
): string | undefined {
  const template = objectIn(app.properties, 'template');
  const newest = app.revisions.at(-1);
  if (newest && isSameTemplate(newest.template, template) && !isRenamed(newest.name, app, template)) return undefined;
  const suffix = template['revisionSuffix'] || newId().replaceAll('-', '').slice(0, 7);
  const name = `${app.name}--${suffix}`;
  if (app.revisions.some((revision) => revision.name === name)) {
    return `The following field(s) are either invalid or missing. Field 'template.revisionsuffix' is invalid with details: 'Invalid value: "${suffix}": revision with suffix ${suffix} already exists.';`;
  }
  const failure = provisioningFailure(template);
  app.revisions.push({ name, createdAt: now, readyAt: endsAt, template, failure, secrets: secretValues(app), restarts: 0 });
  return failure;
}

function isRenamed(newestName: string, { name }: ContainerApp, { revisionSuffix }: JsonObject): boolean {
  return typeof revisionSuffix === 'string' && revisionSuffix !== '' && newestName !== `${name}--${revisionSuffix}`;
}
