import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { folded } from './databases.ts';
import { foldedRoutine, type Promised } from './profile.ts';
import type { RightsObservation } from './rights.ts';

/** Names in one message; of more it tells the number. */
const maximumNamed = 20;

/** One finding for the tables and one for the functions that a spec names and that aren't there. Nothing else waits for them. Pure. */
export function missingFindings(promised: Promised, found: Pick<RightsObservation, 'database' | 'named' | 'traits'>): Finding[] {
  const { named, traits } = found;
  const tables = new Set(named.flatMap(({ kind, name }) => (kind === 'table' ? [folded(name, traits)] : [])));
  const routines = new Set(named.flatMap(({ kind, name }) => (kind === 'routine' ? [foldedRoutine(name)] : [])));
  return [
    ...missing(
      'table',
      namesOf(promised.tables).filter((name) => !tables.has(folded(name, traits))),
      found.database,
    ),
    ...missing(
      'function',
      namesOf(promised.routines).filter((name) => !routines.has(foldedRoutine(name))),
      found.database,
    ),
  ];
}

function missing(word: string, names: readonly string[], database: string): Finding[] {
  if (names.length === 0) return [];
  const more = names.length > maximumNamed ? ` and ${names.length - maximumNamed} more` : '';
  const listed = names.slice(0, maximumNamed).join(', ');
  const message = `database ${database} has no ${word} ${listed}${more}: create it, or correct access.grants`;
  return [finding('ObjectNotFound', message, { blocking: true })];
}

function namesOf(objects: readonly { readonly name: string }[]): readonly string[] {
  return [...new Set(objects.map(({ name }) => name))];
}
