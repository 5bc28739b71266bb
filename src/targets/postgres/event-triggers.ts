import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';

/** What to say about event triggers that would run with the administrator's rights whenever we write (threat-model D25). */
export function eventTriggerFinding(database: string, names: readonly string[]): Finding {
  return finding(
    'DdlTriggerPresent',
    `database ${database} has event triggers that would run as administrator (${names.join(', ')}), so nothing was written: have them dropped or disabled, or listed in the policy's setup.knownTriggers`,
    { blocking: true },
  );
}

/** Triggers that everybody knows to be harmless who asks in one look. Pure. */
export function knownToAll(requests: readonly { readonly knownTriggers?: readonly string[] | undefined }[]): readonly string[] {
  const [first, ...others] = requests.map(({ knownTriggers = [] }) => knownTriggers);
  return (first ?? []).filter((name) => others.every((known) => known.includes(name)));
}

/** Triggers that are not known to be harmless, as many as a message names. Pure. */
export function unknownTriggers(triggers: readonly string[], known: readonly string[] = []): readonly string[] {
  return triggers.filter((name) => !known.includes(name)).slice(0, 20);
}
