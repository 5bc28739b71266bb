import type { Answer } from './service.ts';

/** A refusal in Azure Resource Manager's form: `{ error: { code, message } }`, code also in a header. */
export class ArmError extends Error {
  override readonly name = 'ArmError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function renderArmError({ status, code, message, headers }: ArmError): Answer {
  return { status, headers: { 'x-ms-failure-cause': 'gateway', 'x-ms-error-code': code, ...headers }, json: { error: { code, message } } };
}

/** The refusals that all resource providers share. Codes and texts: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and answers of the service. */
export const armErrors = {
  uriInvalid: (why: string) => new ArmError(400, 'InvalidRequestUri', `The request URI is not valid: ${why}.`),
  queryUnknown: (name: string) =>
    new ArmError(400, 'InvalidQueryParameter', `The query parameter '${name}' is not understood or duplicated.`),
  apiVersionMissing: () =>
    new ArmError(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.'),
  apiVersionMalformed: (version: string) =>
    new ArmError(
      400,
      'InvalidApiVersionParameter',
      `The api-version '${version}' is invalid. The supported versions are dates such as 2024-11-30.`,
    ),
  apiVersionUnsupported: (version: string, type: string, location: string, supported: readonly string[]) =>
    new ArmError(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for location '${location}' and API version '${version}' for type '${type}'. The supported api-versions are '${supported.join(', ')}'. The supported locations are '${location}'.`,
    ),
  subscriptionNotFound: (id: string) => new ArmError(404, 'SubscriptionNotFound', `The subscription '${id}' could not be found.`),
  resourceGroupNotFound: (name: string) => new ArmError(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`),
  resourceNotFound: (type: string, name: string, group: string) =>
    new ArmError(
      404,
      'ResourceNotFound',
      `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    ),
  parentNotFound: (verb: string, type: string, parentId: string) =>
    new ArmError(
      404,
      'ParentResourceNotFound',
      `Failed to perform '${verb}' on resource(s) of type '${type}', because the parent resource '${parentId}' could not be found.`,
    ),
  typeNotFound: (path: string) => new ArmError(404, 'InvalidResourceType', `The resource type of '${path}' could not be found.`),
  methodNotAllowed: (method: string, allowed: readonly string[]) =>
    new ArmError(405, 'MethodNotAllowed', `The requested resource does not support http method '${method}'.`, {
      Allow: allowed.join(', '),
    }),
  mediaTypeUnsupported: (type: string) =>
    new ArmError(415, 'UnsupportedMediaType', `The content media type '${type}' is not supported. Only 'application/json' is supported.`),
  contentInvalid: (why: string) =>
    new ArmError(400, 'InvalidRequestContent', `The request content was invalid and could not be deserialized: '${why}'.`),
  authorizationFailed: (clientId: string, objectId: string, action: string, scope: string) =>
    new ArmError(
      403,
      'AuthorizationFailed',
      `The client '${clientId}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    ),
  linkedAuthorizationFailed: (
    { clientId, objectId, action, scope }: Readonly<Record<'clientId' | 'objectId' | 'action' | 'scope', string>>,
    linked: { readonly action: string; readonly scope: string },
  ) =>
    new ArmError(
      403,
      'LinkedAuthorizationFailed',
      `The client '${clientId}' with object id '${objectId}' has permission to perform action '${action}' on scope '${scope}'; however, it does not have permission to perform action(s) '${linked.action}' on the linked scope(s) '${linked.scope}' (respectively) or the linked scope(s) are invalid.`,
    ),
  locationRequired: () => new ArmError(400, 'LocationRequired', 'The location property is required for this definition.'),
  throttled: (kind: string, subscriptionId: string, objectId: string, seconds: number, headers: Readonly<Record<string, string>>) =>
    new ArmError(
      429,
      'SubscriptionRequestsThrottled',
      `Number of '${kind}' requests for subscription '${subscriptionId}' actor '${objectId}' exceeded. Please try again after '${seconds}' seconds after additional tokens are available.`,
      headers,
    ),
} as const;
