import { expect } from 'chai';
import { isOrphan, type Owner } from '../../../src/connection/orphan.ts';
import type { Mark } from '../../../src/targets/mark.ts';

const cluster = '00000000000000c1';
const mark: Mark = { cluster, connection: '00000000000000d1', uid: '1', origin: 'created', state: 'live' };
const owner: Owner = {
  server: 'shop-pg',
  database: 'orders',
  userName: 'aad_shop_orders',
  isBeingDeleted: false,
  hasFinalizer: true,
  isPermitted: true,
};

interface Row {
  readonly what: string;
  readonly mark?: Partial<Mark>;
  /** Where users live in databases. */
  readonly database?: string;
  /** Its connection, where that is still there. */
  readonly owner?: Partial<Owner>;
  /** Another one of the same namespace and name. */
  readonly heir?: Partial<Owner>;
  readonly orphan: boolean;
}

const rows: readonly Row[] = [
  { what: 'its connection is there', owner: {}, orphan: false },
  { what: 'its connection is being deleted, which ends it', owner: { isBeingDeleted: true }, orphan: false },
  { what: 'its connection lost its policy, whose end comes from there', owner: { isPermitted: false }, orphan: false },
  { what: 'its connection lost our finalizer, which the next pass puts back', owner: { hasFinalizer: false }, orphan: false },
  { what: 'its connection lost our finalizer and its policy', owner: { hasFinalizer: false, isPermitted: false }, orphan: true },
  {
    what: 'its connection is being deleted without our finalizer, and somebody else’s holds it',
    owner: { isBeingDeleted: true, hasFinalizer: false },
    orphan: true,
  },
  { what: 'its connection has a user of another name: this one was renamed', owner: { userName: 'aad_shop_other' }, orphan: true },
  {
    what: 'its connection has a user of another name, and is being deleted',
    owner: { userName: 'aad_shop_other', isBeingDeleted: true },
    orphan: false,
  },
  { what: 'its connection asks for this user on another server, and this one is a copy', owner: { server: 'other-pg' }, orphan: false },
  { what: 'its connection is gone', orphan: true },
  { what: 'its connection is gone and the user was adopted', mark: { origin: 'adopted' }, orphan: true },
  { what: 'its connection was made anew and takes it back', heir: {}, orphan: false },
  { what: 'its connection was made anew and is being deleted again', heir: { isBeingDeleted: true }, orphan: true },
  { what: 'its connection was made anew with another user name', heir: { userName: 'aad_shop_other' }, orphan: true },
  { what: 'its connection was made anew for another server', heir: { server: 'other-pg' }, orphan: true },
  {
    what: 'its connection was made anew for another database of the server, where users live in databases',
    database: 'old',
    heir: {},
    orphan: true,
  },
  { what: 'its connection was made anew for its database', database: 'orders', heir: {}, orphan: false },
  { what: 'its connection was made anew for a server that does not parse', heir: { server: undefined }, orphan: true },
  { what: 'its connection was made anew and bears our finalizer, but no policy allows it', heir: { isPermitted: false }, orphan: true },
  { what: 'its connection is gone, but the access was ended before', mark: { state: 'disabled' }, orphan: false },
  { what: 'its connection is gone, but nobody shall look after it any more', mark: { state: 'released' }, orphan: false },
  { what: 'it is another cluster’s', mark: { cluster: '00000000000000c2' }, orphan: false },
];

describe('a database user', () => {
  for (const row of rows)
    it(`${row.orphan ? 'is an orphan' : 'is no orphan'} when ${row.what}`, () => {
      const user = { server: 'shop-pg', database: row.database, userName: 'aad_shop_orders', mark: { ...mark, ...row.mark } };
      const found = isOrphan(user, cluster, {
        byUid: (uid) => (uid === '1' && row.owner ? { ...owner, ...row.owner } : undefined),
        byConnection: (hash) => (hash === mark.connection && row.heir ? { ...owner, ...row.heir } : undefined),
      });
      expect(found).to.equal(row.orphan);
    });
});
