import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { ConnectionError } from '../api/connection-error.ts';
import { abandonAnnotation } from '../api/names.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { endAll, workloadEndings } from './endings.ts';
import { StageFailure } from './in-stage.ts';
import { permission } from './permit.ts';
import { resolveEnding } from './resolve.ts';
import { timeText } from './time-text.ts';

/**
 * Lets a deleted connection go though its login could not be taken away, where its annotation asks for that, a policy allows it now, and it has failed for long
 * enough (threat-model M5). The identity's federation and the settings end first; a tombstone stands for the rest, and ends the login when the server is back.
 * Answers what became of the access, for an Event. Throws StageFailure: the one given, when it isn't time for that, with what the annotation would do.
 */
export async function abandon(
  connection: PasswordlessConnection,
  failed: StageFailure,
  deps: Deps,
  { signal }: Cancellable,
): Promise<string> {
  if (failed.stage !== 'user' && failed.stage !== 'server') throw failed;
  const dueAt = deps.abandonments.failed(connection.metadata.uid);
  const verdict = permission(connection, deps);
  if (!verdict.allowed || !verdict.mayAbandon) throw failed;
  const isAsked = connection.metadata.annotations?.[abandonAnnotation] === 'true';
  if (!isAsked || deps.clock.now() < dueAt) throw withHint(failed, hint(isAsked, dueAt));
  const { deletionPolicy = 'Delete' } = connection.spec;
  await endAll(workloadEndings(connection, deletionPolicy === 'Delete' ? 'tidy' : 'keep', deps, { signal }), { signal });
  return await bury(connection, failed, verdict, deps, { signal });
}

async function bury(
  connection: PasswordlessConnection,
  { failure }: StageFailure,
  verdict: Verdict,
  deps: Deps,
  { signal }: Cancellable,
): Promise<string> {
  const { target, deletionPolicy = 'Delete' } = connection.spec;
  const request = resolveEnding(connection, deps, verdict);
  // a mark that says so would have to be written first, so that Retain can't be kept
  const keeps = deletionPolicy !== 'Delete';
  await deps.ledger.bury({ type: target.type, request, ...(keeps && { keeps }) }, { signal });
  deps.tombstones.wake(request.serverId);
  return `the database user ${request.userName} may still be there: its access ends when the server is back (${failure.message})`;
}

function hint(isAsked: boolean, dueAt: number): string {
  const then = `from ${timeText(dueAt)} on, and its access ends when the server is back`;
  return isAsked ? `it is let go ${then}` : `annotate it with ${abandonAnnotation}: "true" to have it let go ${then}`;
}

function withHint({ stage, failure }: StageFailure, text: string): StageFailure {
  const { kind, reason, message, retryAfterInMs } = failure;
  return new StageFailure(stage, new ConnectionError(kind, reason, `${message}; ${text}`, { cause: failure, retryAfterInMs }));
}
