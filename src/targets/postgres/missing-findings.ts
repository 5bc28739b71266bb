import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { keyOfNamed, namedObjects, namedSchemas } from './named-objects.ts';
import type { Promised } from './profile.ts';
import type { ObjectKind } from './promised-grants.ts';
import type { RightsObservation } from './rights.ts';
import { quoted } from './steps.ts';

type Found = Pick<RightsObservation, 'database' | 'objects'>;

/** Names in one message; of more it tells the number. */
const maximumNamed = 20;

/** One finding for the schemas that a spec names and that aren't there, and one for each kind of object. Nothing else waits for them. Pure. */
export function missingFindings(promised: Promised, found: Found): Finding[] {
  const schemas = new Set(found.objects.flatMap(({ on }) => (on.kind === 'schema' ? [on.name] : [])));
  const missing = namedSchemas(promised).filter((schema) => !schemas.has(schema));
  return [...missingSchemas(missing, promised, found), ...missingObjects(promised, found, schemas)];
}

function missingSchemas(missing: readonly string[], promised: Promised, { database }: Found): Finding[] {
  if (missing.length === 0) return [];
  const isOfProfile = (schema: string) => promised.schemas?.includes(schema) ?? false;
  const fields = [...(missing.some(isOfProfile) ? ['access.schemas'] : []), ...(missing.every(isOfProfile) ? [] : ['access.grants'])];
  return [
    finding('SchemaNotFound', `database ${database} has no schema ${missing.join(', ')}: create it, or correct ${fields.join(' and ')}`, {
      blocking: true,
    }),
  ];
}

function missingObjects(promised: Promised, { database, objects }: Found, schemas: ReadonlySet<string>): Finding[] {
  const there = new Set(
    objects.flatMap(({ on }) => (on.kind === 'table' || on.kind === 'sequence' || on.kind === 'routine' ? [keyOfNamed(on)] : [])),
  );
  // where a schema is missing, that is said already
  const missing = namedObjects(promised).filter((object) => schemas.has(object.schema) && !there.has(keyOfNamed(object)));
  return [...Map.groupBy(missing, ({ kind }) => kind)].map(([kind, list]) => {
    const names = list.slice(0, maximumNamed).map(({ schema, name }) => `${quoted(schema)}.${quoted(name)}`);
    const more = list.length > maximumNamed ? ` and ${list.length - maximumNamed} more` : '';
    const message = `database ${database} has no ${wordFor[kind]} ${names.join(', ')}${more}: create it, or correct access.grants`;
    return finding('ObjectNotFound', message, { blocking: true });
  });
}

/** As access.grants calls them. */
const wordFor: Readonly<Record<ObjectKind, string>> = { table: 'table', sequence: 'sequence', routine: 'function' };
