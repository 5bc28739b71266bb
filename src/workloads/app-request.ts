import type { AppAddress } from '../azure/hosted-app.ts';
import type { TagOwner } from '../azure/tag-mark.ts';
import type { Settings } from './workload.ts';

/** One connection's say in an app of a host service, with every name settled. */
export interface AppRequest {
  readonly address: AppAddress;
  /** The app in the words of a message: container app "orders". */
  readonly title: string;
  readonly owner: TagOwner;
  /** Names of the places that get the settings; all of them when undefined. */
  readonly places: readonly string[] | undefined;
  /** Where a wrong name of a place is to be mended. */
  readonly placesField: string;
  /** Whether settings that somebody else wrote under our names may be taken over. */
  readonly adopt: boolean;
  readonly keepsSecrets: boolean;
}

/** What the places are to have. */
export interface WantedSettings {
  readonly values: Settings;
  /** Those whose values hold a secret. */
  readonly secretNames: ReadonlySet<string>;
}
