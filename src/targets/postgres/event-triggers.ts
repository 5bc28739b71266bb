import type { Finding } from '../../api/step.ts';
import { finding } from './finding.ts';

/** What to say about event triggers that would run with the administrator's rights whenever we write (threat-model D25). */
export function eventTriggerFinding(database: string, names: readonly string[]): Finding {
  return finding(
    'DdlTriggerPresent',
    `database ${database} has event triggers that would run as administrator (${names.join(', ')}), so nothing was written: have them dropped or disabled, or listed in the policy's setup.knownTriggers`,
    { blocking: true },
  );
}
