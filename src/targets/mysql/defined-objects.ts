import type { Cancellable } from '../target.ts';
import { type DefinedRow, readDefined } from './queries.ts';
import type { Session } from './session.ts';

/** Objects whose definer a user is: they run with its rights, or are refused, when it goes (threat-model D13). */
export interface DefinedObjects {
  /** For example `view orders.totals`. */
  readonly named: readonly string[];
  readonly areMore: boolean;
}

/** Objects that a message names. */
const maximumNamed = 10;

/** Never writes. Throws ConnectionError. */
export async function definedBy(session: Session, userName: string, { signal }: Cancellable): Promise<DefinedObjects> {
  const rows = await session.query<DefinedRow>(readDefined([userName], maximumNamed + 1), { signal });
  const named = rows.slice(0, maximumNamed).map(({ type, place, name }) => `${type} ${place}.${name}`);
  return { named, areMore: rows.length > maximumNamed };
}

/** As `definedBy`, of several users; of those that are the definer of nothing there is no entry. Mostly one statement tells it of all. */
export async function definedByEach(
  session: Session,
  userNames: readonly string[],
  { signal }: Cancellable,
): Promise<ReadonlyMap<string, DefinedObjects>> {
  const found = new Map<string, DefinedObjects>();
  if (userNames.length === 0) return found;
  const [any] = await session.query<DefinedRow>(readDefined(userNames, 1), { signal });
  if (!any) return found;
  for (const userName of userNames) {
    const defined = await definedBy(session, userName, { signal });
    if (defined.named.length > 0) found.set(userName, defined);
  }
  return found;
}

/** For a sentence. Pure. */
export function described({ named, areMore }: DefinedObjects): string {
  return `${named.join(', ')}${areMore ? ' and more' : ''}`;
}
