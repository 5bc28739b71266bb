import type { Clock } from '../../runtime/clock.ts';
import type { RightsObservation } from './rights.ts';
import type { RightsRequest } from './rights-request.ts';

/** A full look is taken at least so often, whatever the fingerprint says. */
const longestInMs = 3_600_000;

/** What was found in order, and the fingerprint that the database had then. */
export interface Remembered {
  readonly fingerprint: string;
  readonly observation: RightsObservation;
}

/** Users whose rights were found in order: while their database's fingerprint is the same, they are. */
export class RightsMemory {
  readonly #clock: Clock;
  readonly #byUser = new Map<string, Remembered & { readonly request: string; readonly seenAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was found when the very same was asked for, unless that was too long ago. */
  recall(host: string, request: RightsRequest): Remembered | undefined {
    const found = this.#byUser.get(keyOf(host, request));
    return found?.request === JSON.stringify(request) && this.#clock.now() - found.seenAt < longestInMs ? found : undefined;
  }

  remember(host: string, request: RightsRequest, found: Remembered): void {
    this.#byUser.set(keyOf(host, request), { ...found, request: JSON.stringify(request), seenAt: this.#clock.now() });
  }

  forget(host: string, request: Pick<RightsRequest, 'database' | 'userName'>): void {
    this.#byUser.delete(keyOf(host, request));
  }
}

function keyOf(host: string, { database, userName }: Pick<RightsRequest, 'database' | 'userName'>): string {
  return JSON.stringify([host, database, userName]);
}
