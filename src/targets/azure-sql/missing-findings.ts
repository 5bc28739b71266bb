import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import type { Promised, PromisedOnObject } from './profile.ts';
import type { ObjectKind } from './promised-grants.ts';
import type { RightsObservation } from './rights.ts';
import { quoted } from './steps.ts';

type Found = Pick<RightsObservation, 'database' | 'schemas' | 'objects'>;

/** Names in one message; of more it tells the number. */
const maximumNamed = 20;

/** One finding for the schemas that a spec names and that aren't there, and one for each kind of object. Nothing else waits for them. Pure. */
export function missingFindings(promised: Promised, found: Found): Finding[] {
  const there = new Set(found.schemas.map(({ asked }) => asked));
  const named = [...promised.schemas.map(({ schema }) => schema), ...promised.objects.map(({ schema }) => schema)];
  const missing = [...new Set(named)].filter((schema) => !there.has(schema));
  // where a schema is missing, that is said already
  const objects = promised.objects.filter((object) => there.has(object.schema) && !isThere(object, found));
  return [...missingSchemas(missing, found), ...[...Map.groupBy(objects, ({ kind }) => kind)].map((each) => missingObjects(each, found))];
}

function isThere({ kind, schema, name }: PromisedOnObject, { objects }: Found): boolean {
  return objects.some((each) => each.kind === kind && each.asked.schema === schema && each.asked.name === name);
}

function missingSchemas(missing: readonly string[], { database }: Found): Finding[] {
  if (missing.length === 0) return [];
  const message = `database ${database} has no schema ${listed(missing)}: create it, or correct access.schemas and access.grants`;
  return [finding('SchemaNotFound', message, { blocking: true })];
}

function missingObjects([kind, objects]: readonly [ObjectKind, readonly PromisedOnObject[]], { database }: Found): Finding {
  const names = [...new Set(objects.map(({ schema, name }) => `${quoted(schema)}.${quoted(name)}`))];
  const message = `database ${database} has no ${wordFor[kind]} ${listed(names)}: create it, or correct access.grants`;
  return finding('ObjectNotFound', message, { blocking: true });
}

function listed(names: readonly string[]): string {
  const more = names.length > maximumNamed ? ` and ${names.length - maximumNamed} more` : '';
  return `${names.slice(0, maximumNamed).join(', ')}${more}`;
}

/** As access.grants calls them. */
const wordFor: Readonly<Record<ObjectKind, string>> = { table: 'table', sequence: 'sequence', routine: 'function' };
