import type { Classified, DriverError } from '../driver-error.ts';
import { brokeOff, type NetworkPlace, notReached, stoppedAnswering, withoutTls } from '../network-errors.ts';

/** What pg says itself of the network, in words alone. */
export function classifyDriverText({ message }: DriverError, place: NetworkPlace): Classified | undefined {
  if (message.includes('does not support SSL') || message.includes('establishing an SSL connection')) return withoutTls(place);
  if (message === 'timeout expired') return notReached(place);
  if (message.startsWith('Connection terminated') || message === 'Client has encountered a connection error and is not queryable')
    return brokeOff(place);
  if (message === 'Query read timeout') return stoppedAnswering(place);
  return undefined;
}
