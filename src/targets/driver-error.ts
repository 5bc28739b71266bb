import type { ConnectionError } from '../api/connection-error.ts';
import { safeText } from '../azure/safe-text.ts';

/** What a driver's error is made of; everything else that hangs on it (detail, where, query) may hold rows and is left alone (threat-model S6). */
export interface DriverError {
  /** The engine's own code, or Node's code of a network or TLS error; empty when there is none. */
  readonly code: string;
  readonly message: string;
}

/** What a condition is to say about an error. */
export type Classified = Pick<ConnectionError, 'kind' | 'reason' | 'message'>;

/** What is known of an error that a driver threw. */
export function driverError(error: unknown): DriverError {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const { code } = error as { code?: unknown };
  // several addresses were tried: Node wraps their errors
  const first = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message === '' && first instanceof Error ? first.message : error.message;
  return { code: typeof code === 'string' ? code : '', message };
}

/** How an error reads within a message: its text, made safe, and its code. */
export function describe({ code, message }: DriverError): string {
  return `"${safeText(message)}"${code === '' ? '' : ` (${safeText(code)})`}`;
}
