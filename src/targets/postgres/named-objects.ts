import type { Promised } from './profile.ts';
import type { ObjectKind } from './promised-grants.ts';
import type { Securable } from './securable.ts';

/** An object that a grant names; of routines all that bear the name. */
export interface NamedObject {
  readonly kind: ObjectKind;
  readonly schema: string;
  readonly name: string;
}

/** The objects that grants name, each once. Whatever its owner and its rights, one that is there must be seen, or it would pass for missing. Pure. */
export function namedObjects(promised: Promised): readonly NamedObject[] {
  const all = promised.grants.flatMap((grant) =>
    grant.kind === 'schema' ? [] : (grant.names ?? []).map((name) => ({ kind: grant.kind, schema: grant.schema, name })),
  );
  return [...new Map(all.map((object) => [keyOfNamed(object), object])).values()];
}

/** The schemas that a spec names, each once. An extension may have made them. Pure. */
export function namedSchemas(promised: Promised): readonly string[] {
  return [...new Set([...(promised.schemas ?? []), ...promised.grants.map(({ schema }) => schema)])];
}

/** Whether a grant names an object. Pure. */
export function isNamed(promised: Promised, on: Securable): boolean {
  if (on.kind !== 'table' && on.kind !== 'sequence' && on.kind !== 'routine') return false;
  return promised.grants.some((grant) => grant.kind === on.kind && grant.schema === on.schema && (grant.names?.includes(on.name) ?? false));
}

/** What tells one name from another. Pure. */
export function keyOfNamed({ kind, schema, name }: NamedObject): string {
  return JSON.stringify([kind, schema, name]);
}
