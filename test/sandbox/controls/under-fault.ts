import type { Clock } from '../../../src/runtime/clock.ts';
import type { Answer, Outcome } from '../azure/service.ts';
import type { FaultResponse } from './faults.ts';

/** Answers a request as an injected fault wants it: late, cut off, refused, or, without a fault, as it is. `refuse` makes the refusal in the service's own form. */
export async function underFault(
  fault: FaultResponse | undefined,
  { run, refuse }: { readonly run: () => Promise<Answer>; readonly refuse: (fault: FaultResponse) => Answer },
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Outcome> {
  if (!fault) return run();
  if (fault.delayMs !== undefined) await clock.sleep(fault.delayMs, signal);
  if (fault.drop === 'before') return 'cut';
  if (fault.drop === 'after') {
    await run();
    return 'cut';
  }
  if (fault.body !== undefined) return { status: 200, text: fault.body };
  if (fault.status === undefined && fault.code === undefined && fault.retryAfter === undefined) return run();
  return refuse(fault);
}

/** The HTTP status of a fault that names none. */
export function statusOf(fault: FaultResponse): number {
  return fault.status ?? (fault.retryAfter === undefined ? 500 : 429);
}

export function retryAfterHeader(fault: FaultResponse): Readonly<Record<string, string>> {
  return fault.retryAfter === undefined ? {} : { 'Retry-After': String(fault.retryAfter) };
}
