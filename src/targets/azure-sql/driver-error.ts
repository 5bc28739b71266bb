import { type DriverError, describe, driverError } from '../driver-error.ts';
import type { NetworkPlace } from '../network-errors.ts';

/** Where an error happened. `step` tells a refused login from a refused statement: the same number means something else. */
export interface ErrorPlace {
  readonly step: 'login' | 'statement';
  readonly host: string;
  readonly database: string;
  /** Where the server sent us on to. */
  readonly redirect?: NetworkPlace | undefined;
}

/** An error of tedious. */
export interface SqlError extends DriverError {
  /** The server's own number; undefined where the server said nothing. */
  readonly number: number | undefined;
  /** Whether the server ends the session with it: its severity is 20 or more. */
  readonly isFatal: boolean;
}

/** What is known of an error that tedious threw. Of several that the server told, the first counts; of one of the network, what Node said. */
export function sqlError(error: unknown): SqlError {
  if (error instanceof AggregateError && error.errors.some((each) => numberIn(each) !== undefined)) return sqlError(error.errors[0]);
  const number = numberIn(error);
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  if (number === undefined && code === 'ESOCKET' && cause instanceof Error) return sqlError(cause);
  const { class: severity } = (error ?? {}) as { readonly class?: unknown };
  return { ...driverError(error), number, isFatal: typeof severity === 'number' && severity >= 20 };
}

/** How an error reads within a message: its text, made safe, and its number. */
export function described({ code, message, number }: SqlError): string {
  return describe({ code: number === undefined ? code : String(number), message });
}

function numberIn(error: unknown): number | undefined {
  const { number } = (error ?? {}) as { readonly number?: unknown };
  return typeof number === 'number' && number > 0 ? number : undefined;
}
