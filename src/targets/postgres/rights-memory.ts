import type { Clock } from '../../runtime/clock.ts';
import type { RightsRequest } from './observe-rights.ts';
import type { RightsObservation } from './rights.ts';

/** A full look is taken at least so often, whatever the fingerprint says. */
const longestInMs = 3_600_000;

interface Remembered {
  readonly request: string;
  readonly fingerprint: string;
  readonly observation: RightsObservation;
  readonly seenAt: number;
}

/** What was found in order, with the fingerprint that the database had then: while that is the same, so are the rights. */
export class RightsMemory {
  readonly #clock: Clock;
  readonly #byUser = new Map<string, Remembered>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was found, when the same was asked for and nothing can have changed since. */
  recall(host: string, request: RightsRequest, fingerprint: string): RightsObservation | undefined {
    const found = this.#byUser.get(keyOf(host, request));
    if (!found || found.fingerprint !== fingerprint || found.request !== JSON.stringify(request)) return undefined;
    return this.#clock.now() - found.seenAt < longestInMs ? found.observation : undefined;
  }

  remember(host: string, request: RightsRequest, fingerprint: string, observation: RightsObservation): void {
    this.#byUser.set(keyOf(host, request), { request: JSON.stringify(request), fingerprint, observation, seenAt: this.#clock.now() });
  }

  forget(host: string, request: Pick<RightsRequest, 'database' | 'userName'>): void {
    this.#byUser.delete(keyOf(host, request));
  }
}

function keyOf(host: string, { database, userName }: Pick<RightsRequest, 'database' | 'userName'>): string {
  return JSON.stringify([host, database, userName]);
}
