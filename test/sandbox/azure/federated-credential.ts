import { ArmError, armErrors } from './arm-error.ts';
import type { FederatedCredential, Identity } from './world.ts';

/** What a PUT of a federated credential asks for. */
export type FederatedCredentialBody = Pick<FederatedCredential, 'issuer' | 'subject' | 'audiences'>;

/** The limits of https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
const limits = { perIdentity: 20, textLength: 600 } as const;
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9-_]{2,119}$/;

/** What a caller may send back of an answer without effect, besides `properties`. */
const readOnly = ['id', 'name', 'type', 'systemData'];

/** Reads the body of a PUT. Throws ArmError 400 for members that the service doesn't know and for values that it doesn't take. */
export function readFederatedCredential(body: unknown): FederatedCredentialBody {
  const resource = membersOf(body, 'FederatedIdentityCredential', ['properties', ...readOnly]);
  const { issuer, subject, audiences } = membersOf(resource['properties'] ?? {}, 'FederatedIdentityCredentialProperties', [
    'issuer',
    'subject',
    'audiences',
  ]);
  if (!isText(issuer) || !isText(subject) || !Array.isArray(audiences)) {
    throw badRequest("The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.");
  }
  if (audiences.length !== 1 || !isText(audiences[0]))
    throw badRequest('The request format was unexpected. Exactly one audience is allowed.');
  if (!URL.canParse(issuer) || new URL(issuer).protocol !== 'https:') throw badRequest(`The issuer '${issuer}' must be an https URL.`);
  return { issuer, subject, audiences: [audiences[0]] };
}

/** Throws ArmError 400 for a name that a new credential can't have. */
export function checkFederatedCredentialName(name: string): void {
  if (!namePattern.test(name)) {
    throw badRequest(`The name '${name}' is invalid: 3 to 120 letters, digits, '-' and '_', of which the first is a letter or digit.`);
  }
}

/** Throws ArmError 400 where the identity's other credentials leave no room for this one. */
export function checkAgainstOthers({ federatedCredentials }: Identity, name: string, { issuer, subject }: FederatedCredentialBody): void {
  const others = federatedCredentials.filter((each) => !isNamed(each, name));
  if (others.some((each) => each.issuer === issuer && each.subject === subject)) {
    throw badRequest('Issuer and subject combination already exists for this Managed Identity.');
  }
  if (others.length >= limits.perIdentity) {
    throw badRequest(
      `Too many Federated Identity Credentials are configured for this Managed Identity. The maximum is ${limits.perIdentity}.`,
    );
  }
}

/** Names of Azure resources are compared without regard to case. */
export function isNamed({ name }: { readonly name: string }, sought: string): boolean {
  return name.toLowerCase() === sought.toLowerCase();
}

export function concurrentWrite(identity: Identity): ArmError {
  return new ArmError(
    409,
    'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity',
    `Too many Federated Identity Credentials are written concurrently for the managed identity '${identity.resourceId.toLowerCase()}'. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.`,
  );
}

function membersOf(value: unknown, type: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw armErrors.contentInvalid(`${type} must be an object`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw armErrors.contentInvalid(`Could not find member '${unknown}' on object of type '${type}'`);
  return value as Readonly<Record<string, unknown>>;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= limits.textLength;
}

function badRequest(message: string): ArmError {
  return new ArmError(400, 'BadRequest', message);
}
