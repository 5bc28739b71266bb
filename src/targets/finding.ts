import type { Finding } from '../api/step.ts';

/** A finding whose message may hold names from a database. Pure. */
export function finding(reason: Finding['reason'], message: string, { blocking }: Pick<Finding, 'blocking'>): Finding {
  return { reason, message: printable(message), blocking };
}

/** A text on one line, without what turns or hides text on a terminal: names in a database are anybody's. Pure. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
