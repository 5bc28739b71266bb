import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { inStage } from './in-stage.ts';
import { type Observation, parts } from './parts.ts';
import type { Request } from './request.ts';

/**
 * Looks at identity, workload, server, user, grants and settings in turn, and stops at the first that is out of sync,
 * because those after it depend on it. Looks only at what `pass` hasn't seen yet, and leaves in it what it saw, also when a later part fails.
 * Never writes. Throws StageFailure.
 */
export async function observe(request: Request, pass: { seen: Observation }, deps: Deps, { signal }: Cancellable): Promise<void> {
  for (const part of parts) {
    const { seen } = pass;
    const { looked, steps } = await inStage(part.stage, async () => {
      const looked = part.name in seen ? seen : await part.observe(request, seen, deps, { signal });
      return { looked, steps: part.plan(request, looked, deps).steps };
    });
    pass.seen = looked;
    if (steps.length > 0) break;
  }
}
