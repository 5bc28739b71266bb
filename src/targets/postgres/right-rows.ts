import type { NamedObject } from './named-objects.ts';
import type { ObjectKind } from './promised-grants.ts';
import type { Acting, Creator, DefaultRight, MembershipFound, ObjectGroup, Right, RightsObservation, RightsOn } from './rights.ts';
import { type FutureKind, isPrivilege, type ObjectInSchema, type Securable, type TypeName } from './securable.ts';

/** What readRights returns, by kind of row. */
interface Entries {
  readonly object: ObjectEntry;
  readonly group: Omit<ObjectGroup, 'rights'>;
  readonly count: CountEntry;
  readonly default: DefaultEntry;
  readonly membership: ToSomebody<MembershipFound>;
  readonly creator: Creator & { readonly ownerOid: number };
  readonly trigger: { readonly name: string };
}

export interface RightRow {
  readonly kind: string;
  readonly entry: unknown;
}

/** Whose it is: the oid of a role, 0 for PUBLIC. */
type ToSomebody<T> = T & { readonly to: number };

/** A right as the catalogs tell it. */
export type RightEntry = ToSomebody<Omit<Right, 'public'>>;

interface ObjectEntry {
  /** The last three are members of extensions. */
  readonly kind: 'database' | 'schema' | 'column' | ObjectKind;
  readonly name: string;
  readonly schema: string | null;
  readonly relation: string | null;
  readonly arguments: readonly TypeName[] | null;
  readonly owner: string;
  readonly acting: Acting;
  readonly rights: readonly RightEntry[] | null;
  readonly grantable: readonly string[] | null;
}

type CountEntry = Omit<RightEntry, 'revocable'> & Pick<ObjectGroup, 'kind' | 'schemaOid' | 'ownerOid'> & { readonly count: number };

type DefaultEntry = ToSomebody<Omit<DefaultRight, 'schema' | 'kind'>> & { readonly schema: string | null; readonly type: string };

/** What one look at a database saw of one of the roles that it asked about. */
export type RightsSeen = Omit<RightsObservation, 'database' | 'userName' | 'majorVersion' | 'eventTriggers'> & {
  /** All that are enabled, apart from those that all who asked know to be harmless. */
  readonly triggers: readonly string[];
};

/** pg_default_acl.defaclobjtype. */
const futureKinds: Readonly<Record<string, FutureKind>> = {
  r: 'table',
  S: 'sequence',
  f: 'routine',
  T: 'type',
  n: 'schema',
  L: 'largeobject',
};

/**
 * Puts the rows of readRights together, and answers what they say of one role. Rights that PostgreSQL learned after this was written are left out: nobody promised
 * them, and we couldn't name them. Pure.
 */
export function readRightRows(rows: readonly RightRow[]): (roleOid: number) => RightsSeen {
  const entries = <Kind extends keyof Entries>(kind: Kind) =>
    rows.filter((row) => row.kind === kind).map(({ entry }) => entry as Entries[Kind]);
  const objects = entries('object').map((entry) => ({ entry, rights: byHolder(entry.rights) }));
  const groups = entries('group').map((group) => ({ group, counts: new Map<number, ObjectGroup['rights'][number][]>() }));
  const groupOf = new Map(groups.map((each) => [groupKey(each.group), each]));
  for (const { to, privilege, ...count } of entries('count')) {
    const counts = groupOf.get(groupKey(count))?.counts;
    if (!counts || !isPrivilege(privilege)) continue;
    const { grantor, canPassOn, fromUs, count: number } = count;
    counts.set(to, [...(counts.get(to) ?? []), { public: to === 0, privilege, grantor, canPassOn, fromUs, count: number }]);
  }
  const defaults = Map.groupBy(entries('default'), ({ to }) => to);
  const memberships = Map.groupBy(entries('membership'), ({ to }) => to);
  const creators = entries('creator');
  const triggers = entries('trigger').map(({ name }) => name);
  return (roleOid) => ({
    objects: objects.flatMap(({ entry, rights }) => objectOf(entry, rightsOf(rights, roleOid))),
    groups: groups.map(({ group, counts }) => ({ ...group, rights: [...(counts.get(0) ?? []), ...(counts.get(roleOid) ?? [])] })),
    defaults: (defaults.get(roleOid) ?? []).flatMap(defaultOf),
    memberships: (memberships.get(roleOid) ?? []).map(({ to: _, ...membership }) => membership),
    creators: creators.filter(({ ownerOid }) => ownerOid !== roleOid).map(({ ownerOid: _, ...creator }) => creator),
    triggers,
  });
}

/** Rights that this version of ours knows, by who has them. Pure. */
export function byHolder(rights: readonly RightEntry[] | null): ReadonlyMap<number, readonly Right[]> {
  const known = (rights ?? []).filter(({ privilege }) => isPrivilege(privilege));
  const grouped = Map.groupBy(known, ({ to }) => to);
  return new Map([...grouped].map(([to, entries]) => [to, entries.map(({ to: _, ...right }) => ({ ...right, public: to === 0 }))]));
}

/** What a role has, and what it has because everybody has it. Pure. */
export function rightsOf(rights: ReadonlyMap<number, readonly Right[]>, roleOid: number): readonly Right[] {
  return [...(rights.get(0) ?? []), ...(rights.get(roleOid) ?? [])];
}

function groupKey({ kind, schemaOid, ownerOid }: Pick<ObjectGroup, 'kind' | 'schemaOid' | 'ownerOid'>): string {
  return `${kind} ${schemaOid} ${ownerOid}`;
}

function objectOf(entry: ObjectEntry, rights: readonly Right[]): RightsOn[] {
  const { kind, owner, acting, grantable } = entry;
  const object = { on: securableOf(entry), owner, acting, rights, grantable: (grantable ?? []).filter(isPrivilege) };
  if (kind === 'database' || kind === 'schema') return [object];
  // the others are of interest only where the role has rights of its own
  if (rights.every((right) => right.public)) return [];
  return [kind === 'column' ? object : { ...object, ofExtension: true }];
}

function securableOf({ kind, name, schema, relation, arguments: types }: Omit<ObjectEntry, keyof RightsOn>): Securable {
  switch (kind) {
    case 'database':
    case 'schema':
      return { kind, name };
    case 'column':
      return { kind, schema: schema ?? '', table: relation ?? '', name };
    case 'table':
    case 'sequence':
    case 'routine':
      return inSchema({ kind, schema: schema ?? '', name }, types);
    default:
      return kind satisfies never;
  }
}

/** What GRANT calls an object of a schema; a routine with the types of its arguments. Pure. */
export function inSchema({ kind, schema, name }: NamedObject, types: readonly TypeName[] | null): ObjectInSchema {
  return kind === 'routine' ? { kind, schema, name, arguments: types ?? [] } : { kind, schema, name };
}

function defaultOf({ to: _, type, schema, ...rest }: DefaultEntry): DefaultRight[] {
  const kind = futureKinds[type];
  return kind && isPrivilege(rest.privilege) ? [{ ...rest, kind, schema: schema ?? undefined }] : [];
}
