import type { Principal } from '../../../../src/targets/azure-sql/principal.ts';
import type { RightsObservation } from '../../../../src/targets/azure-sql/rights.ts';
import type { AzureSqlUser } from '../../../../src/targets/azure-sql/user.ts';
import { type Mark, markText } from '../../../../src/targets/mark.ts';

export const clientId = 'bbbbbbbb-0000-4000-8000-000000000001';
export const otherClientId = 'cccccccc-0000-4000-8000-000000000001';

export const mark: Mark = {
  cluster: '00000000000000c1',
  connection: '00000000000000d1',
  uid: '00000001-0000-4000-8000-000000000003',
  origin: 'created',
  state: 'live',
};

/** What a connection asks for. */
export const request = {
  userName: 'aad_shop_orders',
  identity: { principalId: 'dddddddd-0000-4000-8000-000000000001', clientId },
  mark,
  access: { profile: 'ReadWrite' },
} as const;

/** The connection's user, in order. */
export function principal(overrides: Partial<Principal> = {}): Principal {
  const own = 'mark' in overrides ? overrides.mark : mark;
  return {
    id: 5,
    name: request.userName,
    type: 'E',
    isFixedRole: false,
    boundTo: clientId,
    isBoundDirectly: true,
    property: own && markText(own),
    mark: own,
    mayConnect: true,
    lockedBy: [],
    defaultSchema: 'dbo',
    ...overrides,
  };
}

/** What was seen of the connection's user. */
export function user(overrides: Partial<AzureSqlUser> = {}): AzureSqlUser {
  const found = 'principal' in overrides ? overrides.principal : principal();
  return {
    serverIdentifier: 'shop-sql',
    database: 'orders',
    mark: found?.mark,
    boundElsewhere: false,
    principal: found,
    isIdentityInUse: false,
    triggers: [],
    isReserved: false,
    ...overrides,
  };
}

/** A user who has nothing, in a database with schemas dbo and app. */
export function rights(overrides: Partial<RightsObservation> = {}): RightsObservation {
  return {
    database: 'orders',
    userName: request.userName,
    userId: 5,
    owned: [],
    permissions: [],
    memberships: [],
    schemas: [
      { asked: 'dbo', name: 'dbo', owner: 1 },
      { asked: 'App', name: 'app', owner: 1 },
    ],
    objects: [],
    roles: [],
    denials: [],
    triggers: [],
    ...overrides,
  };
}
