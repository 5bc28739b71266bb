import type { Answer } from '../service.ts';
import { isObject, type JsonObject, objectIn, objectsIn } from './json.ts';

/**
 * The members that the provider knows: those of @azure/arm-appcontainers 4.0.0, `delegatedIdentities`, which recorded answers in Azure/azure-cli have beyond
 * them, and of preview versions [U] `imageType`, `targetLabel` and `patchingConfiguration`. What is in no published shape is lost by those who read by it.
 */
const known = {
  ContainerAppPropertiesView: [
    'provisioningState',
    'runningStatus',
    'deploymentErrors',
    'managedEnvironmentId',
    'environmentId',
    'networking',
    'workloadProfileName',
    'latestRevisionName',
    'latestReadyRevisionName',
    'latestRevisionFqdn',
    'customDomainVerificationId',
    'configuration',
    'template',
    'outboundIpAddresses',
    'eventStreamEndpoint',
    'delegatedIdentities',
    'patchingConfiguration',
  ],
  ContainerAppConfigurationView: [
    'secrets',
    'activeRevisionsMode',
    'targetLabel',
    'ingress',
    'registries',
    'dapr',
    'runtime',
    'maxInactiveRevisions',
    'service',
    'identitySettings',
  ],
  ContainerAppSecretView: ['name', 'value', 'identity', 'keyVaultUrl'],
  ContainerAppTemplateView: [
    'revisionSuffix',
    'terminationGracePeriodSeconds',
    'initContainers',
    'containers',
    'scale',
    'volumes',
    'serviceBinds',
  ],
  ContainerView: ['image', 'imageType', 'name', 'command', 'args', 'env', 'resources', 'volumeMounts', 'probes'],
  ContainerAppEnvironmentVariableView: ['name', 'value', 'secretRef'],
} as const;

/** The refusal of members that the provider doesn't know, in its own shape, which is not Azure Resource Manager's: https://github.com/microsoft/azure-container-apps/issues/954 */
export function refusalOfUnknownMembers(properties: JsonObject, apiVersion: string): Answer | undefined {
  const version = `Version${apiVersion.replaceAll('-', '')}`;
  for (const [view, value] of views(properties)) {
    const unknown = Object.keys(value).filter((name) => !(known[view] as readonly string[]).includes(name));
    if (unknown.length === 0) continue;
    const problem = `Unknown properties ${unknown.join(', ')} in Microsoft.ContainerApps.WebApi.Views.${version}.${view} are not supported`;
    return {
      status: 400,
      headers: { 'Content-Type': 'application/problem+json; charset=utf-8' },
      json: {
        type: 'https://tools.ietf.org/html/rfc7231#section-6.5.1',
        title: 'One or more validation errors occurred.',
        status: 400,
        errors: { $: [problem] },
      },
    };
  }
  return undefined;
}

function* views(properties: JsonObject): Generator<readonly [keyof typeof known, JsonObject]> {
  yield ['ContainerAppPropertiesView', properties];
  const configuration = objectIn(properties, 'configuration');
  yield ['ContainerAppConfigurationView', configuration];
  for (const secret of objectsIn(configuration, 'secrets')) yield ['ContainerAppSecretView', secret];
  const template = objectIn(properties, 'template');
  yield ['ContainerAppTemplateView', template];
  for (const container of [...objectsIn(template, 'containers'), ...objectsIn(template, 'initContainers')].filter(isObject)) {
    yield ['ContainerView', container];
    for (const variable of objectsIn(container, 'env')) yield ['ContainerAppEnvironmentVariableView', variable];
  }
}
