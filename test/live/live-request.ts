import type { TargetRequest } from '../../src/targets/target.ts';
import { access, markOf } from '../contract/target/given.ts';
import type { LiveServer } from './live-azure.ts';

/** The database that a live run makes for itself, and the beginning of all names that are its own choice. */
export const liveName = 'dbaccess_live';

/** Why a live engine has no `cut`. */
export const noCut = { passedOver: 'nothing between the operator and a server in Azure can be made to break' } as const;

/** The request of most scenarios. */
export function liveRequest({ serverId, identities }: LiveServer, database: string, overrides: Partial<TargetRequest> = {}): TargetRequest {
  return {
    serverId,
    database,
    userName: `${liveName}_orders`,
    mark: markOf('shop', 'orders'),
    identity: identities.first,
    access: access('ReadWrite'),
    knownTriggers: [],
    ...overrides,
  };
}

/** Says that a run before this one left something behind. */
export function leftBehind(what: string): Error {
  return new Error(`${what}: a run is under way, or was killed. Take away what it left with npm run test:live -- --clean-up`);
}
