import type { Acting, Creator, DefaultRight, MembershipFound, ObjectGroup, Right, RightsObservation, RightsOn } from './rights.ts';
import { type FutureKind, isPrivilege, type Securable } from './securable.ts';

/** What readRights returns, by kind of row. */
interface Entries {
  readonly object: ObjectEntry;
  readonly group: Omit<ObjectGroup, 'rights'>;
  readonly count: CountEntry;
  readonly default: DefaultEntry;
  readonly membership: MembershipFound;
  readonly creator: Creator;
  readonly trigger: { readonly name: string };
}

export interface RightRow {
  readonly kind: string;
  readonly entry: unknown;
}

interface ObjectEntry {
  readonly kind: 'database' | 'schema' | 'column';
  readonly name: string;
  readonly schema: string | null;
  readonly relation: string | null;
  readonly owner: string;
  readonly acting: Acting;
  readonly rights: readonly Right[] | null;
  readonly grantable: readonly string[] | null;
}

type CountEntry = Omit<Right, 'revocable'> & Pick<ObjectGroup, 'kind' | 'schemaOid' | 'ownerOid'> & { readonly count: number };

type DefaultEntry = Omit<DefaultRight, 'schema' | 'kind'> & { readonly schema: string | null; readonly type: string };

/** pg_default_acl.defaclobjtype. */
const futureKinds: Readonly<Record<string, FutureKind>> = {
  r: 'table',
  S: 'sequence',
  f: 'routine',
  T: 'type',
  n: 'schema',
  L: 'largeobject',
};

/** Puts the rows of readRights together. Rights that PostgreSQL learned after this was written are left out: nobody promised them, and we couldn't name them. Pure. */
export function readRightRows(rows: readonly RightRow[]): Omit<RightsObservation, 'database' | 'userName' | 'majorVersion'> {
  const entries = <Kind extends keyof Entries>(kind: Kind) =>
    rows.filter((row) => row.kind === kind).map(({ entry }) => entry as Entries[Kind]);
  const counts = entries('count').filter(({ privilege }) => isPrivilege(privilege));
  return {
    objects: entries('object').map(objectOf),
    groups: entries('group').map((group) => ({ ...group, rights: counts.filter((count) => belongsTo(count, group)) })),
    defaults: entries('default').flatMap(defaultOf),
    memberships: entries('membership'),
    creators: entries('creator'),
    eventTriggers: entries('trigger').map(({ name }) => name),
  };
}

function belongsTo(count: CountEntry, group: Omit<ObjectGroup, 'rights'>): boolean {
  return count.kind === group.kind && count.schemaOid === group.schemaOid && count.ownerOid === group.ownerOid;
}

function objectOf({ kind, name, schema, relation, owner, acting, rights, grantable }: ObjectEntry): RightsOn {
  const on: Securable = kind === 'column' ? { kind, schema: schema ?? '', table: relation ?? '', name } : { kind, name };
  return {
    on,
    owner,
    acting,
    rights: (rights ?? []).filter(({ privilege }) => isPrivilege(privilege)),
    grantable: (grantable ?? []).filter(isPrivilege),
  };
}

function defaultOf({ type, schema, ...rest }: DefaultEntry): DefaultRight[] {
  const kind = futureKinds[type];
  return kind && isPrivilege(rest.privilege) ? [{ ...rest, kind, schema: schema ?? undefined }] : [];
}
