import type { Promised } from './profile.ts';

/** What a look at a user's rights needs to know. */
export interface RightsRequest {
  readonly database: string;
  readonly userName: string;
  readonly roleOid: number;
  readonly promised: Promised;
  readonly clusterHash: string;
  readonly knownTriggers: readonly string[];
  /** Names of the roles of the server's administrators, in alphabetical order; of no interest where no role is promised. */
  readonly administratorNames: readonly string[];
}
