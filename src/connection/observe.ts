import { ConnectionError } from '../api/connection-error.ts';
import type { Finding } from '../api/step.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { inStage } from './in-stage.ts';
import { type Observation, type Part, type PartName, parts } from './parts.ts';
import type { Request } from './request.ts';

/** What a pass has seen so far, and which parts of it were in sync. */
export interface Pass {
  seen: Observation;
  inSync: readonly PartName[];
}

/**
 * Looks at identity, workload, server, user, grants and settings in turn, and stops at the first that is out of sync,
 * because those after it depend on it. Looks only at what `pass` hasn't seen yet, and leaves in it what it saw, also when a later part fails.
 * Never writes. Throws StageFailure, Refusal and Overtaken.
 */
export async function observe(request: Request, pass: Pass, deps: Deps, { signal }: Cancellable): Promise<void> {
  pass.inSync = [];
  for (const part of parts) {
    signal.throwIfAborted();
    const { seen } = pass;
    const { looked, steps } = await inStage(part.stage, async () => {
      const looked = part.name in seen ? seen : await part.observe(request, seen, deps, { signal });
      const { steps, findings } = part.plan(request, looked, deps);
      refuseToGoOn(part, findings);
      return { looked, steps };
    });
    pass.seen = looked;
    if (steps.length > 0) break;
    pass.inSync = [...pass.inSync, part.name];
  }
}

/** Without identity, server or user nothing further can be done; a right that somebody else must give keeps nobody from logging in. */
function refuseToGoOn(part: Part, findings: readonly Finding[]): void {
  const blocking = part.stage === 'grants' ? undefined : findings.find((finding) => finding.blocking);
  if (blocking) throw new ConnectionError('waiting', blocking.reason, blocking.message);
}
