import type { AccessSpec } from '../../../src/api/spec.ts';
import { connectionHash, type Mark } from '../../../src/targets/mark.ts';
import type { Identity } from '../../sandbox/azure/world.ts';

/** The hash of the cluster whose operator the targets work for. */
export const cluster = '00000000000000c1';
export const tenantId = '7f0e8f5c-0000-4000-8000-000000000000';

export const operator = identity('operator', 'a');
export const shop = identity('shop', 'b');
export const other = identity('other', 'c');

/** What a connection of this namespace and name marks its user with; another `life` stands for the same one made anew. */
export function markOf(namespace: string, name: string, life = 1): Mark {
  return {
    cluster,
    connection: connectionHash('00000000-0000-4000-8000-000000000002', namespace, name),
    uid: `${String(life).padStart(8, '0')}-0000-4000-8000-000000000003`,
    origin: 'created',
    state: 'live',
  };
}

export function access(profile: AccessSpec['profile'], rest: Partial<AccessSpec> = {}): AccessSpec {
  return { profile, futureObjects: true, ...rest };
}

function identity(name: string, digit: string): Identity {
  const id = (last: string) => `${digit.repeat(8)}-0000-4000-8000-00000000000${last}`;
  return { name, resourceId: `/identities/${name}`, principalId: id('1'), clientId: id('2'), federatedCredentials: [] };
}
