import type { World } from '../world.ts';
import { type ContainerApp, provisioningState, type Revision, readyRevision } from './container-app.ts';
import { lowerCaseGroup, renderIdentity } from './host-identity.ts';
import { type JsonObject, objectIn } from './json.ts';
import { locationAsShown } from './resource-body.ts';

/** An app as GET shows it: its type in lower case in the id, no values of secrets, nulls for what isn't set. As recorded answers of the service in Azure/azure-cli. */
export function renderContainerApp(app: ContainerApp, world: World, now: number): JsonObject {
  const { name, properties, secrets, revisions } = app;
  return {
    id: idAsServed(app),
    name,
    type: 'Microsoft.App/containerApps',
    location: locationAsShown(app.location),
    tags: app.tags,
    systemData: { createdAt: '2026-01-01T00:00:00.0000000', createdByType: 'User' },
    properties: {
      ...properties,
      provisioningState: provisioningState(app, now),
      runningStatus: 'Running',
      outboundIpAddresses: ['192.0.2.10'],
      latestRevisionName: revisions.at(-1)?.name ?? '',
      latestReadyRevisionName: readyRevision(app, now)?.name ?? '',
      latestRevisionFqdn: '',
      configuration: {
        ingress: null,
        registries: null,
        dapr: null,
        service: null,
        ...objectIn(properties, 'configuration'),
        secrets: secrets.length > 0 ? secrets.map((secret) => withoutValue(secret)) : null,
      },
      template: {
        revisionSuffix: '',
        terminationGracePeriodSeconds: null,
        initContainers: null,
        volumes: null,
        serviceBinds: null,
        ...objectIn(properties, 'template'),
      },
      delegatedIdentities: [],
    },
    identity: renderIdentity(app.identity, world, lowerCaseGroup) ?? { type: 'None' },
  };
}

/** What listSecrets answers: those of a key vault by their reference. */
export function renderSecretValues({ secrets }: ContainerApp): JsonObject {
  return { value: secrets };
}

export function renderRevision(app: ContainerApp, revision: Revision, now: number): JsonObject {
  const { name, createdAt, readyAt, template, failure } = revision;
  const active = revision === app.revisions.at(-1) || revision === readyRevision(app, now);
  const isReady = readyAt <= now && failure === undefined;
  const state = now < readyAt ? 'Provisioning' : failure === undefined ? 'Provisioned' : 'Failed';
  return {
    id: `${idAsServed(app)}/revisions/${name}`,
    name,
    type: 'Microsoft.App/containerapps/revisions',
    properties: {
      createdTime: new Date(createdAt).toISOString(),
      fqdn: '',
      template,
      active,
      replicas: active && isReady ? 1 : 0,
      trafficWeight: revision === readyRevision(app, now) ? 100 : 0,
      ...(state === 'Failed' && { provisioningError: failure }),
      healthState: isReady ? 'Healthy' : state === 'Failed' ? 'Unhealthy' : 'None',
      provisioningState: state,
      runningState: isReady ? (active ? 'Running' : 'Stopped') : state === 'Failed' ? 'Failed' : 'Processing',
    },
  };
}

function idAsServed({ resourceId }: ContainerApp): string {
  return resourceId.replace('/containerApps/', '/containerapps/');
}

function withoutValue(secret: ContainerApp['secrets'][number]): JsonObject {
  return 'value' in secret ? { name: secret.name } : { ...secret };
}
