import { ControlError } from './control-error.ts';
import type { Fault, FaultResponse } from './faults.ts';
import type { JournalKind } from './journal.ts';

/** One field of a body: its value has passed `is`, and `words` say what is wanted. */
interface Field<T> {
  readonly is: (value: unknown) => value is T;
  readonly words: string;
}

const text: Field<string> = { is: (value): value is string => typeof value === 'string' && value !== '', words: 'a text' };
const flag: Field<boolean> = { is: (value) => typeof value === 'boolean', words: 'true or false' };
const amount: Field<number> = {
  is: (value): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  words: 'a number from 0',
};
const count: Field<number> = {
  is: (value): value is number => Number.isInteger(value) && Number(value) > 0,
  words: 'a whole number from 1',
};
const status: Field<number> = {
  is: (value): value is number => Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599,
  words: 'an HTTP status from 400 to 599',
};
const code: Field<string | number> = { is: (value) => typeof value === 'string' || typeof value === 'number', words: 'a text or a number' };
const kind: Field<JournalKind> = { is: (value): value is JournalKind => isJournalKind(value), words: 'arm, token or sql' };
const drop: Field<'before' | 'after'> = { is: (value) => value === 'before' || value === 'after', words: 'before or after' };
const object: Field<object> = {
  is: (value): value is object => typeof value === 'object' && value !== null && !Array.isArray(value),
  words: 'an object',
};

export function isJournalKind(value: unknown): value is JournalKind {
  return value === 'arm' || value === 'token' || value === 'sql';
}

/** `{ resourceId }`. Throws ControlError 400. */
export function readResourceId(body: unknown): string {
  const { resourceId } = fieldsOf(body, 'The body', { resourceId: text });
  return required(resourceId, 'resourceId');
}

/** `{ resourceId, operator }`. Throws ControlError 400. */
export function readAdministratorSwitch(body: unknown): { readonly resourceId: string; readonly operator: boolean } {
  const { resourceId, operator } = fieldsOf(body, 'The body', { resourceId: text, operator: flag });
  return { resourceId: required(resourceId, 'resourceId'), operator: required(operator, 'operator') };
}

/** `{ seconds }`. Throws ControlError 400. */
export function readSeconds(body: unknown): number {
  const { seconds } = fieldsOf(body, 'The body', { seconds: amount });
  return required(seconds, 'seconds');
}

/** `{ match, respond, times }`; `times` may be left out. Throws ControlError 400. */
export function readFault(body: unknown): Fault {
  const { match, respond, times } = fieldsOf(body, 'The body', { match: object, respond: object, times: count });
  const matching = fieldsOf(required(match, 'match'), 'match', { kind, method: text, path: text });
  const response: FaultResponse = fieldsOf(required(respond, 'respond'), 'respond', {
    status,
    code,
    retryAfter: amount,
    delayMs: amount,
    drop,
    message: text,
    body: text,
  });
  if (Object.keys(response).length === 0) throw new ControlError(400, 'respond must say what to do');
  return { match: { ...matching, kind: required(matching.kind, 'match.kind') }, respond: response, ...(times !== undefined && { times }) };
}

type Fields<S> = { readonly [K in keyof S]?: S[K] extends Field<infer T> ? T : never };

/** The fields of an object, none of which is unknown or of the wrong kind. */
function fieldsOf<S extends Readonly<Record<string, Field<unknown>>>>(value: unknown, what: string, shape: S): Fields<S> {
  if (!object.is(value)) throw new ControlError(400, `${what} must be an object`);
  for (const [name, given] of Object.entries(value)) {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (!field) throw new ControlError(400, `${what} has the unknown field '${name}'; known are ${Object.keys(shape).join(', ')}`);
    if (!field.is(given)) throw new ControlError(400, `'${name}' must be ${field.words}`);
  }
  return value as Fields<S>;
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ControlError(400, `The field '${name}' is missing`);
  return value;
}
