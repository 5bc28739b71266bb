import type { Cancellable } from '../target.ts';
import type { HandOver } from './hand-over.ts';
import { maximumOwned, maximumPermissionRows, readOwned, readRightsOnOwned } from './queries.ts';
import { type SecurableRow, securableOf, stateOf } from './right-rows.ts';
import type { Owned } from './securable.ts';
import type { Session } from './session.ts';
import { quoted } from './steps.ts';

/** What a user owns, and what runs as it. */
export interface Belongings {
  readonly handOver: HandOver;
  /** Modules with EXECUTE AS the user, as messages name them. */
  readonly modules: readonly string[];
  /** Whether one transaction can't hand it all over, or can't give others again what they have on it. */
  readonly isTooMuch: boolean;
}

export interface OwnedRow {
  readonly kind: 'schema' | 'object' | 'type' | 'role' | 'module';
  readonly schema: string | null;
  /** Null for modules that are in no schema: DDL triggers. */
  readonly name: string | null;
}

/** Never writes. `id`: of the principal. */
export async function observeBelongings(session: Session, id: number, { signal }: Cancellable): Promise<Belongings> {
  const rows = await session.query<OwnedRow>(readOwned, [id], { signal });
  const modules = rows.filter(({ kind }) => kind === 'module').map(moduleName);
  const owned = rows.flatMap((row) => ownedOf(row) ?? []);
  if (owned.length === 0) return { handOver: { owned, rights: [] }, modules, isTooMuch: false };
  const rights = await session.query<SecurableRow & { grantee: string }>(readRightsOnOwned, [id], { signal });
  const given = rights.flatMap((row) => {
    const on = securableOf(row, session.database);
    return on ? [{ permission: row.permission, on, state: stateOf(row), grantee: row.grantee }] : [];
  });
  return {
    handOver: { owned, rights: inOrder(given) },
    modules,
    isTooMuch: rows.length > maximumOwned || rights.length > maximumPermissionRows || given.length < rights.length,
  };
}

/** A right on a table undoes what was said of its columns, so that it goes before them; and what may be passed on goes first. */
function inOrder(rights: HandOver['rights']): HandOver['rights'] {
  const place = ({ on, state }: HandOver['rights'][number]) =>
    (on.kind === 'object' && on.column !== undefined ? 2 : 0) + (state === 'W' ? 0 : 1);
  return rights.toSorted((a, b) => place(a) - place(b));
}

function moduleName({ schema, name }: OwnedRow): string {
  return schema === null || name === null ? 'a DDL trigger' : `${quoted(schema)}.${quoted(name)}`;
}

/** Pure. */
export function ownedOf({ kind, schema, name }: OwnedRow): Owned | undefined {
  if (name === null) return undefined;
  switch (kind) {
    case 'schema':
    case 'role':
      return { kind, name };
    case 'object':
    case 'type':
      return schema === null ? undefined : { kind, schema, name };
    case 'module':
      return undefined;
    default:
      return kind satisfies never;
  }
}
