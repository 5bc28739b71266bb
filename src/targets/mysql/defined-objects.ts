import type { Cancellable } from '../target.ts';
import { isSameName } from './databases.ts';
import { sessionsOf } from './end-sessions.ts';
import { type DefinedRow, readDefined } from './queries.ts';
import type { Session } from './session.ts';

/** Objects whose definer a user is: they run with its rights, or are refused, when it goes (threat-model D13). */
export interface DefinedObjects {
  /** Those in the connection's own database, the first of them, for example `view orders.totals`. */
  readonly named: readonly string[];
  /** How many there are besides, in other databases too: what is there may be another namespace's business (threat-model E4). */
  readonly others: number;
  /** Whether not all were counted. */
  readonly areMore: boolean;
}

/** Objects that a message names. */
const maximumNamed = 10;
const maximumCounted = 1_000;

/** Which database is the connection's own, whose objects may be named. */
export interface DefinedOptions extends Cancellable {
  readonly database: string;
}

/** Undefined where the user is the definer of nothing. Never writes. Throws ConnectionError. */
export async function definedBy(
  session: Session,
  userName: string,
  { database, signal }: DefinedOptions,
): Promise<DefinedObjects | undefined> {
  const rows = await session.query<DefinedRow>(readDefined([userName], database, maximumCounted + 1), { signal });
  if (rows.length === 0) return undefined;
  const counted = rows.slice(0, maximumCounted);
  const named = counted
    .filter(({ place }) => isSameName(place, database, session.traits))
    .slice(0, maximumNamed)
    .map(({ type, place, name }) => `${type} ${place}.${name}`);
  return { named, others: counted.length - named.length, areMore: rows.length > maximumCounted };
}

/** Which of the users are the definer of something. Mostly one statement tells it of all. Never writes. Throws ConnectionError. */
export async function definersAmong(session: Session, userNames: readonly string[], { signal }: Cancellable): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const isAny = async (some: readonly string[]) => (await session.query<DefinedRow>(readDefined(some, '', 1), { signal })).length > 0;
  if (userNames.length === 0 || !(await isAny(userNames))) return found;
  for (const userName of userNames) if (await isAny([userName])) found.add(userName);
  return found;
}

/** For a sentence. Pure. */
export function described({ named, others, areMore }: DefinedObjects): string {
  if (others === 0) return named.join(', ');
  const objects = `${others}${areMore ? ' or more' : ''} ${named.length > 0 ? 'other ' : ''}object${others === 1 ? '' : 's'}`;
  return named.length > 0 ? `${named.join(', ')} and ${objects}` : `${objects} in other databases`;
}

/** What keeps a user from being made anew, and whether anybody is logged in as it. Undefined where nothing does. Never writes. Throws ConnectionError. */
export async function observeDefiner(
  session: Session,
  { userName, database }: { readonly userName: string; readonly database: string },
  { signal }: Cancellable,
): Promise<{ readonly defined: DefinedObjects; readonly hasSessions: boolean } | undefined> {
  const defined = await definedBy(session, userName, { database, signal });
  return defined && { defined, hasSessions: (await sessionsOf(session, userName, { signal })).length > 0 };
}
