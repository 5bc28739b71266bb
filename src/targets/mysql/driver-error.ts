import { type DriverError, describe, driverError } from '../driver-error.ts';

/** Where an error happened. `step` tells a refused login from a refused statement: the same number means something else. */
export interface ErrorPlace {
  readonly step: 'login' | 'statement';
  readonly host: string;
  readonly login: string;
}

/** An error of mysql2. */
export interface MysqlError extends DriverError {
  /** The server's own number; undefined where the server said nothing. */
  readonly errno: number | undefined;
}

/** What is known of an error that mysql2 threw. */
export function mysqlError(error: unknown): MysqlError {
  const { errno } = error as { errno?: unknown };
  // Node's errors of the network have negative ones
  return { ...driverError(error), errno: typeof errno === 'number' && errno > 0 ? errno : undefined };
}

/** How an error reads within a message: its text, made safe, and its number. */
export function described({ code, message, errno }: MysqlError): string {
  return describe({ code: errno === undefined ? code : String(errno), message });
}
