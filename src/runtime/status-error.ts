import { firstLine } from './redact.ts';

/**
 * The API server refused a call, or gave no answer. `status` is the HTTP status, 0 when there was no answer.
 * `reason` is the server's, or one of `Unreachable`, `DeadlineExceeded`, `CredentialsUnavailable`, `MalformedAnswer`.
 * The message is one line without what was sent: of refusals that quote the request it keeps the names of the fields only.
 */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;
  readonly reason: string;
  readonly retryAfterInMs: number | undefined;

  constructor(status: number, reason: string, message: string, options: { cause?: unknown; retryAfterInMs?: number | undefined } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.reason = reason;
    this.retryAfterInMs = options.retryAfterInMs;
  }
}

/** By name, so that it holds across copies of a module. */
export function isStatusError(error: unknown): error is StatusError {
  return error instanceof Error && error.name === 'StatusError';
}

const hasStatus = (error: unknown, status: number) => isStatusError(error) && error.status === status;

export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);
export const isUnauthorized = (error: unknown): boolean => hasStatus(error, 401);
export const isForbidden = (error: unknown): boolean => hasStatus(error, 403);
/** Somebody else changed the object in between, or a precondition doesn't hold. */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409) && !isAlreadyExists(error);
export const isAlreadyExists = (error: unknown): boolean => hasStatus(error, 409) && (error as StatusError).reason === 'AlreadyExists';
/** The resource version or continue token is too old: list anew. */
export const isExpired = (error: unknown): boolean => hasStatus(error, 410);
/** The object is refused by its schema, or a `test` of a JSON patch doesn't hold. */
export const isInvalid = (error: unknown): boolean => hasStatus(error, 422);
export const isThrottled = (error: unknown): boolean => hasStatus(error, 429);
/** There was no answer: no connection, no credentials, no time left. */
export const isUnanswered = (error: unknown): boolean => hasStatus(error, 0);

/** What is read of a `Status` object; everything else in it stays where it came from. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface StatusBody {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly kind?: unknown; readonly name?: unknown; readonly retryAfterSeconds?: unknown; readonly causes?: unknown };
}

/** The error for an answer with a failing HTTP status. `now` is needed for a Retry-After that names a date. */
export function statusErrorFromAnswer(answer: {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly body: unknown;
  readonly now: number;
}): StatusError {
  const body = asStatusBody(answer.body);
  const reason = typeof body.reason === 'string' && body.reason !== '' ? firstLine(body.reason) : reasonOf(answer.status);
  return new StatusError(answer.status, reason, messageOf(answer.status, body) ?? `HTTP status ${answer.status}`, {
    retryAfterInMs: retryAfterInMs(answer.retryAfter, answer.now) ?? secondsOf(body),
  });
}

/** The error that a watch carries in its stream as the object of an ERROR event. */
export function statusErrorFromEvent(object: unknown, now: number): StatusError {
  const { code } = asStatusBody(object);
  return statusErrorFromAnswer({ status: typeof code === 'number' ? code : 500, body: object, now });
}

/** Milliseconds to wait by a Retry-After header: seconds or a date. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export function retryAfterInMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function asStatusBody(body: unknown): StatusBody {
  return typeof body === 'object' && body !== null ? (body as StatusBody) : {};
}

function secondsOf(body: StatusBody): number | undefined {
  const seconds = body.details?.retryAfterSeconds;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}

function reasonOf(status: number): string {
  const known: Readonly<Record<number, string>> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    409: 'Conflict',
    410: 'Expired',
    422: 'Invalid',
    429: 'TooManyRequests',
    503: 'ServiceUnavailable',
    504: 'Timeout',
  };
  return known[status] ?? 'Unknown';
}

function messageOf(status: number, body: StatusBody): string | undefined {
  // both quote values of the request
  if (status === 400) return 'the request is malformed';
  if (status === 422) return invalidMessageOf(body);
  return typeof body.message === 'string' && body.message !== '' ? firstLine(body.message) : undefined;
}

function invalidMessageOf(body: StatusBody): string {
  const { kind, name, causes } = body.details ?? {};
  const subject = typeof kind === 'string' && typeof name === 'string' ? `${kind} ${name}` : 'the object';
  const fields = Array.isArray(causes)
    ? causes.map((cause: { field?: unknown; reason?: unknown }) => `${String(cause?.field ?? '')} (${String(cause?.reason ?? '')})`)
    : [];
  return firstLine(
    fields.length === 0 ? `${subject} is refused, or differs from what the patch expects` : `${subject} is refused: ${fields.join(', ')}`,
  );
}
