import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import type { Cancellable } from '../target.ts';
import { readTriggers } from './queries.ts';
import type { Session } from './session.ts';

/** The error of a statement that was not run because of a trigger; numbers from 50,000 on are everybody's own. */
export const triggerAppeared = 50_951;

/** What to say about DDL triggers that would run with the administrator's rights whenever we write (threat-model A8). */
export function triggerFinding(database: string, names: readonly string[]): Finding {
  return finding(
    'DdlTriggerPresent',
    `database ${database} has DDL triggers that would run as administrator (${names.join(', ')}), so nothing was written: have them dropped or disabled, or listed in the policy's setup.knownTriggers`,
    { blocking: true },
  );
}

/** The enabled DDL triggers of a database. */
export async function listTriggers(session: Session, { signal }: Cancellable): Promise<readonly string[]> {
  return (await session.query<{ name: string }>(readTriggers, [], { signal })).map(({ name }) => name);
}

/** Triggers that are not known to be harmless, as many as a message names. Pure. */
export function unknownTriggers(triggers: readonly string[], known: readonly string[] = []): readonly string[] {
  return triggers.filter((name) => !known.includes(name)).slice(0, 20);
}
