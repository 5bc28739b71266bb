import { errnoOf } from './errors.ts';

/**
 * A lock, a deadlock, a shortage, a server that restarts, takes no writes at present or took too long: the same statement may succeed later
 * (https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html).
 */
const passing = [
  ...[1021, 1041, 1053, 1077, 1114, 1152, 1158, 1159, 1160, 1161, 1205, 1213, 1290, 1317],
  ...[1792, 1836, 1927, 1969, 3024, 3572, 4031],
];

/** Whether an error says nothing about what was asked for, also because it isn't the server's answer. */
export function isPassing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === undefined || passing.includes(errno);
}
