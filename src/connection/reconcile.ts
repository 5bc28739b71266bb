import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { ConnectionError } from '../api/connection-error.ts';
import { finalizer } from '../api/names.ts';
import type { Step } from '../api/step.ts';
import type { ReconcileResult } from '../runtime/controller.ts';
import { Deadline } from '../runtime/deadline.ts';
import { addFinalizer } from '../runtime/finalizers.ts';
import type { ObjectKey } from '../runtime/resource.ts';
import type { Cancellable } from '../targets/target.ts';
import { apply } from './apply.ts';
import type { Deps } from './deps.ts';
import { factsOf, stagesInSync } from './facts.ts';
import { finalize } from './finalize.ts';
import { asStageFailure } from './in-stage.ts';
import { nextLook } from './next-look.ts';
import { unservedPart } from './not-yet-served.ts';
import { observe, type Pass } from './observe.ts';
import type { Outcome } from './outcome.ts';
import { Overtaken, permission, Refusal } from './permit.ts';
import { forgetFrom, makePlan } from './plan.ts';
import { Progress } from './progress.ts';
import { report } from './report.ts';
import type { Request } from './request.ts';
import { resolve } from './resolve.ts';
import { connections } from './resources.ts';
import { withdraw } from './withdraw.ts';

/** How often one pass observes, plans and applies before it gives up until the next: more rounds than there are parts. */
const maximumRounds = 12;

/** A pass that takes longer is given up and said to be: below the deadline of the controller, which says nothing. */
const passDeadlineInMs = 4 * 60_000;

/** One pass over one connection: bring it about or end it, say in its status how that went, and decide when to look again. Throws when aborted, and when the status can't be written. */
export async function reconcile(key: ObjectKey, deps: Deps, { signal }: Cancellable): Promise<ReconcileResult> {
  const connection = deps.connections.get(key);
  if (!connection) return gone(key, deps);
  using deadline = new Deadline({ clock: deps.clock, afterInMs: passDeadlineInMs, parent: signal, what: 'the pass' });
  const outcome = await attempt(connection, deps, { signal: deadline.signal });
  signal.throwIfAborted();
  await report(connection, outcome, deps, { signal });
  return nextLook(connection, outcome, deps);
}

function gone(key: ObjectKey, deps: Deps): ReconcileResult {
  deps.metrics.forget(key);
  return { kind: 'done' };
}

async function attempt(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<Outcome> {
  if (connection.metadata.deletionTimestamp) return await finalize(connection, deps, { signal });

  const verdict = permission(connection, deps);
  if (!verdict.allowed) return await withdraw(connection, verdict.message, deps, { signal });
  deps.withdrawals.permitted(connection);
  if (connection.spec.suspend) return { kind: 'suspended' };

  return await bringAbout(connection, resolve(connection, verdict, deps), deps, { signal });
}

/** Observe, plan, apply, until the plan is empty. */
async function bringAbout(connection: PasswordlessConnection, request: Request, deps: Deps, { signal }: Cancellable): Promise<Outcome> {
  const applied: Step[] = [];
  const pass: Pass = { seen: {}, inSync: [] };
  try {
    refuseUnserved(connection, deps);
    const reports = connection.spec.mode === 'Report';
    if (!reports && !(await addFinalizer(deps.client, connections, connection, finalizer, { signal }))) return { kind: 'gone' };
    await using _progress = new Progress(connection, deps, { signal });

    for (let round = 1; round <= maximumRounds; round += 1) {
      await observe(request, pass, deps, { signal });
      const plan = makePlan(request, pass.seen, deps);
      const facts = factsOf(request, pass, deps);
      if (!plan.part) return { kind: 'in-sync', facts, findings: plan.findings, applied };
      if (reports) return { kind: 'reported', facts, findings: plan.findings, steps: plan.steps, afterwards: plan.afterwards };
      await apply(plan, request, pass.seen, deps, { signal });
      applied.push(...plan.steps);
      pass.seen = forgetFrom(plan.part, pass.seen);
    }
    throw new ConnectionError(
      'retry',
      'NotConverging',
      `after ${maximumRounds} rounds there is still something to do, so something undoes it`,
    );
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', message: error.message, lookedUp: true };
    if (error instanceof Overtaken) return { kind: 'overtaken' };
    const { stage, failure } = asStageFailure(error);
    return { kind: 'failed', stage, inSync: stagesInSync(pass), failure, facts: factsOf(request, pass, deps), applied, deleting: false };
  }
}

/** Throws NotYetServed for what this version can't bring about; better nothing than half of it. */
function refuseUnserved(connection: PasswordlessConnection, deps: Deps): void {
  const part = unservedPart(connection.spec, deps);
  if (part)
    throw new ConnectionError('stalled', 'NotYetServed', `this version of the operator does not serve ${part}: nothing was changed`);
}
