import { ConnectionError, type FailureKind, isConnectionError } from '../api/connection-error.ts';
import { type Reason, reasons } from '../api/reasons.ts';
import type { AzureAction } from './roles.ts';
import { safeText } from './safe-text.ts';
import { isTokenFailure, tokenFailure } from './token-errors.ts';

/** What was tried, for the message. */
export interface ArmAttempt {
  /** The Azure action that the call needs, for example Microsoft.ManagedIdentity/userAssignedIdentities/read. */
  readonly action: AzureAction;
  /** What it was about, in the user's words, for example: identity "orders". */
  readonly what: string;
}

/** No Retry-After is believed beyond this. */
const longestRetryAfterInMs = 3_600_000;

/** Codes of refusals that a wait cures, by themselves or with whatever else runs at the resource. Status 408, 429 and 5xx are such without a look at the code. */
const passing: ReadonlySet<string> = new Set([
  'AadAuthOperationCannotBePerformedWhenServerIsNotAccessible',
  'AnotherOperationInProgress',
  'Conflict',
  'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity',
  'ContainerAppLockConflict',
  'ContainerAppOperationInProgress',
  'FailedIdentityOperation',
  'GatewayTimeout',
  'InternalServerError',
  'ManagedEnvironmentOperationInProgress',
  'OperationInProgress',
  'PrincipalNotFound',
  'ServerBusy',
  'ServerIsBusy',
  'ServerIsNotReady',
  'ServiceUnavailable',
]);

const throttling: ReadonlySet<string> = new Set(['TooManyRequests', 'SubscriptionRequestsThrottled', 'OperationNotAllowed']);

const access: ReadonlySet<string> = new Set(['AuthorizationFailed', 'LinkedAuthorizationFailed', 'LinkedAccessCheckFailed']);

/** Codes of refusals that last until a person changes the spec or the subscription. */
const lasting: ReadonlySet<string> = new Set([
  'InvalidResourceType',
  'MissingSubscriptionRegistration',
  'NoRegisteredProviderFound',
  'ReadOnlyDisabledSubscription',
  'RequestDisallowedByPolicy',
  'ScopeLocked',
]);

/** Codes of refusals that end when a person, or somebody else's operation, changes something in Azure. */
const outside: ReadonlySet<string> = new Set(['AadAuthPrincipalCreationFailed', 'AadAuthPrincipalDropFailed']);

/**
 * What an error of an ARM call means for the connection (azure-facts 7.1). Reads treat "not there" before they ask this. A ConnectionError comes back as it is;
 * one that Azure or the network has no part in is the operator's own fault, InternalError.
 */
export function armFailure(error: unknown, attempt: ArmAttempt): ConnectionError {
  if (isConnectionError(error)) return error;
  const answer = answerOf(error);
  if (answer.status === undefined && isTokenFailure(error)) return tokenFailure(error);
  const [kind, reason] = classOf(answer);
  const retryAfterInMs = kind === 'retry' ? answer.retryAfterInMs : undefined;
  return new ConnectionError(kind, reason, messageFor(reason, answer, attempt), { cause: error, retryAfterInMs });
}

/** Codes by which ARM says that a resource, or one that it lies in, isn't there. A subscription that can't be found may as well be out of our sight. */
const absent: ReadonlySet<string> = new Set(['ResourceNotFound', 'ParentResourceNotFound', 'ResourceGroupNotFound', 'NotFound']);

/** Whether the error is ARM's answer that the resource, or one that it lies in, isn't there: on deletion that counts as the end of the access. */
export function isNotFound(error: unknown): boolean {
  const { status, code } = answerOf(error);
  return status === 404 && absent.has(code);
}

/** The refusal as Azure gave it, from a RestError, or from the plain Error of a long-running operation that failed. */
interface Answer {
  readonly status: number | undefined;
  readonly code: string;
  readonly text: string;
  readonly retryAfterInMs: number | undefined;
}

interface RestErrorLike {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly details?: { readonly error?: { readonly code?: unknown; readonly message?: unknown } };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

function answerOf(error: unknown): Answer {
  const { message, code, statusCode, details, response } = (error ?? {}) as RestErrorLike;
  const text = typeof message === 'string' ? message : '';
  const failed = /has failed\. ([A-Za-z0-9]{1,128})\. ([\s\S]*)/.exec(text);
  if (failed) return { status: undefined, code: failed[1]!, text: failed[2]!, retryAfterInMs: undefined };
  const said = details?.error;
  return {
    status: typeof statusCode === 'number' ? statusCode : undefined,
    code: typeof code === 'string' ? code : typeof said?.code === 'string' ? said.code : '',
    text: typeof said?.message === 'string' ? said.message : text,
    retryAfterInMs: retryAfterInMs((name) => response?.headers?.get(name)),
  };
}

function classOf({ status, code, text, retryAfterInMs }: Answer): readonly [FailureKind, Reason] {
  if (lasting.has(code)) return ['stalled', reasons.AzureError];
  if (status === 429 || (throttling.has(code) && (status === undefined || retryAfterInMs !== undefined)))
    return ['retry', reasons.Throttled];
  if (access.has(code) || status === 403) return ['waiting', reasons.AzureAccessDenied];
  if (status === 401) return ['retry', reasons.TokenRefused];
  if (passing.has(code)) return ['retry', reasons.AzureError];
  if (outside.has(code) || status === 404) return ['waiting', reasons.AzureError];
  if (status === 408 || status === 409 || (status !== undefined && status >= 500)) return ['retry', reasons.AzureError];
  if (status !== undefined) return [isUnreadable({ status, code }) ? 'retry' : 'stalled', reasons.AzureError];
  if (isNetworkCode(code) || text === 'Operation was canceled') return ['retry', reasons.AzureError];
  return code === '' ? ['retry', reasons.InternalError] : ['waiting', reasons.AzureError];
}

function messageFor(reason: Reason, answer: Answer, { action, what }: ArmAttempt): string {
  const said = safeText(answer.text);
  const code = answer.code === '' ? `status ${answer.status ?? 'unknown'}` : safeText(answer.code);
  switch (reason) {
    case reasons.Throttled:
      return `Azure asks the operator to slow down (${code}); it goes on by itself`;
    case reasons.AzureAccessDenied:
      return `Azure refuses the operator the action ${missingAction(answer.text) ?? action} for ${what}: give its identity the role of deploy/azure-roles that has it there (${code})`;
    case reasons.TokenRefused:
      return `Azure does not take the operator's token for ${what} (${code}): ${said}`;
    case reasons.InternalError:
      return `The operator failed at ${what}: ${said}`;
    default:
      if (isUnreadable(answer)) return `Azure's answer about ${what} can't be read (${code})`;
      if (answer.status === undefined && isNetworkCode(answer.code)) return `Azure could not be reached for ${what} (${code}): ${said}`;
      return `Azure refused ${action} for ${what} (${code}): ${said}${withoutEntra(answer) ? `; ${outboundAdvice}` : ''}`;
  }
}

/** azure-facts 9: a server in a virtual network looks principals up in Entra by itself. */
const outboundAdvice =
  'if the server stands in a virtual network, it needs outbound port 443 to service tag AzureActiveDirectory, and DNS for login.microsoftonline.com and graph.microsoft.com';

/** Whether a server couldn't look a principal up. */
function withoutEntra({ code, text }: Pick<Answer, 'code' | 'text'>): boolean {
  return /^AadAuth/.test(code) && /validate|unexpected error|0LP01|9102/i.test(text);
}

/** Whether Azure said yes with a body that is no JSON, as when something on the way cuts it off. */
function isUnreadable({ status, code }: Pick<Answer, 'status' | 'code'>): boolean {
  return status !== undefined && status < 400 && code === 'PARSE_ERROR';
}

/** The action that Azure says is missing, in the text of AuthorizationFailed or LinkedAuthorizationFailed; the latter first names one that is there. */
function missingAction(text: string): string | undefined {
  return /does not have (?:authorization|permission) to perform action(?:\(s\))? '([A-Za-z0-9./*,]{3,200})'/.exec(text)?.[1];
}

/** Codes of Node's network errors, of TLS, and core-rest-pipeline's own for a request that could not be sent or an answer that could not be read. */
function isNetworkCode(code: string): boolean {
  return /^(E[A-Z]+(_[A-Z]+)*|UND_ERR_[A-Z_]+|REQUEST_SEND_ERROR|PARSE_ERROR|CERT_[A-Z_]+|[A-Z_]*(SIGNATURE|ISSUER_CERT|SELF_SIGNED)[A-Z_]*)$/.test(
    code,
  );
}

/** The wait that the answer asks for: seconds or an HTTP date, or the millisecond headers that some providers send (core-rest-pipeline throttlingRetryStrategy). */
function retryAfterInMs(header: (name: string) => string | undefined): number | undefined {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const value = header(name);
    if (value !== undefined && /^\d{1,12}$/.test(value)) return Math.min(Number(value), longestRetryAfterInMs);
  }
  const value = header('retry-after');
  if (value === undefined) return undefined;
  if (/^\d{1,12}$/.test(value)) return Math.min(Number(value) * 1000, longestRetryAfterInMs);
  // A date is measured against the answer's own Date, so that a wrong clock on either side doesn't matter.
  const wait = Date.parse(value) - Date.parse(header('date') ?? '');
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), longestRetryAfterInMs) : undefined;
}
