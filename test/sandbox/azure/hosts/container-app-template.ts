import { ArmError } from '../arm-error.ts';
import type { AppSecret } from './container-app.ts';
import { isObject, isSameJson, type JsonObject, objectsIn, without, withoutNulls } from './json.ts';

const secretName = /^[a-z0-9]([a-z0-9-]{0,251}[a-z0-9])?$/;

/** A template as the service keeps it: its containers without nulls, with what it fills in. */
export function keptTemplate(template: JsonObject): JsonObject {
  const containers = objectsIn(template, 'containers').map((container) => ({ imageType: 'ContainerImage', ...keptContainer(container) }));
  const initContainers = objectsIn(template, 'initContainers').map(keptContainer);
  return {
    ...template,
    ...('containers' in template && { containers }),
    ...(initContainers.length > 0 && { initContainers }),
  };
}

/** Whether two templates would run the same; a revision's suffix is only its name. */
export function isSameTemplate(left: JsonObject, right: JsonObject): boolean {
  const relevant = (template: JsonObject) => withoutNulls(without(keptTemplate(template), ['revisionSuffix']));
  return isSameJson(relevant(left), relevant(right));
}

/** Throws ArmError 400 for a template that the service refuses at once. [U] the codes; the text about references is that of https://github.com/pulumi/pulumi-azure-native/issues/1715 */
export function checkTemplate(template: JsonObject, secrets: readonly AppSecret[]): void {
  const containers = objectsIn(template, 'containers');
  if (containers.length === 0) {
    throw new ArmError(400, 'ContainerAppContainersRequired', 'The template must contain at least one container.');
  }
  const names = containers.map(({ name }) => name);
  const repeated = names.find((name, index) => typeof name !== 'string' || names.indexOf(name) !== index);
  if (repeated !== undefined || names.includes(undefined)) {
    throw invalidField('template.containers', `Invalid value: "${repeated ?? ''}": container names must be there, and differ`);
  }
  for (const container of [...containers, ...objectsIn(template, 'initContainers')]) checkReferences(container, secrets);
}

/** Why a revision of the template can't be provisioned, though the service took it. Doubled variables: https://github.com/microsoft/azure-container-apps/issues/1273 */
export function provisioningFailure(template: JsonObject): string | undefined {
  for (const container of objectsIn(template, 'containers')) {
    const names = objectsIn(container, 'env').map(({ name }) => name);
    const doubled = names.find((name, index) => names.indexOf(name) !== index);
    if (doubled !== undefined)
      return `Internal server error occurred: the variable '${doubled}' of container '${container['name']}' is doubled`;
  }
  return undefined;
}

/** The secrets of a request, which must bring all their values. `undefined` where it doesn't speak of them. Throws ArmError 400. */
export function readSecrets(configuration: JsonObject): readonly AppSecret[] | undefined {
  const sent = configuration['secrets'];
  if (sent === undefined) return undefined;
  if (sent === null) return [];
  if (!Array.isArray(sent)) throw invalidField('configuration.secrets', 'it must be an array');
  if (sent.some((secret) => !isObject(secret) || secret['value'] === null)) {
    throw new ArmError(400, 'ContainerAppSecretNull', 'Invalid Request: Container app secrets cannot be null.');
  }
  const secrets = sent as readonly JsonObject[];
  for (const { name } of secrets) {
    if (typeof name === 'string' && secretName.test(name)) continue;
    throw new ArmError(
      400,
      'ContainerAppInvalidSecretName',
      `Secret name has an invalid value '${name}'. A value must consist of lower case alphanumeric characters, '-', and must start and end with an alphanumeric character. The length must not be more than 253 characters.`,
    );
  }
  const incomplete = secrets.filter((secret) => !isComplete(secret)).map(({ name }) => name);
  if (incomplete.length > 0) {
    throw new ArmError(
      400,
      'ContainerAppSecretInvalid',
      `Invalid Request: Container app secret(s) with name(s) '${incomplete.join(', ')}' are invalid: value or keyVaultUrl and identity should be provided.`,
    );
  }
  return secrets as unknown as readonly AppSecret[];
}

function isComplete({ value, keyVaultUrl, identity }: JsonObject): boolean {
  return typeof value === 'string' || (typeof keyVaultUrl === 'string' && typeof identity === 'string');
}

function checkReferences(container: JsonObject, secrets: readonly AppSecret[]): void {
  for (const { secretRef } of objectsIn(container, 'env')) {
    if (typeof secretRef !== 'string' || secrets.some(({ name }) => name === secretRef)) continue;
    throw new ArmError(
      400,
      'ContainerAppSecretRefNotFound',
      `SecretRef '${secretRef}' defined for container '${container['name']}' not found.`,
    );
  }
}

function keptContainer(container: JsonObject): JsonObject {
  const env = objectsIn(container, 'env').map((variable) => withoutNulls(variable) as JsonObject);
  return { ...(withoutNulls(without(container, ['env'])) as JsonObject), ...(env.length > 0 && { env: env.map(keptVariable) }) };
}

/** A variable that is empty comes back without `value`: `az containerapp update` of Azure/azure-cli puts it in again for that reason. */
function keptVariable(variable: JsonObject): JsonObject {
  return variable['value'] === '' ? without(variable, ['value']) : variable;
}

function invalidField(field: string, details: string): ArmError {
  return new ArmError(
    400,
    'InvalidParameterValueInContainerTemplate',
    `The following field(s) are either invalid or missing. Field '${field}' is invalid with details: '${details}';.`,
  );
}
