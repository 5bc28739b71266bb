import type { Cancellable } from '../target.ts';
import type { UserWork } from './apply-user.ts';
import { despiteSessionsOf } from './end-sessions.ts';
import { observeAdoption } from './observe-adoption.ts';
import { whyNotAdoptable } from './plan-adoption.ts';
import { findRole } from './role.ts';
import { sendSteps } from './send-steps.ts';
import type { Session } from './session.ts';
import { changedMeanwhile, requireUnchanged } from './still-ours.ts';

/** Writes our mark onto a user that somebody else made, when it may still be taken over. What else is to be done is seen afterwards. Throws ConnectionError and what beforeStep throws. */
export async function adoptUser(session: Session, { request, steps, beforeStep }: UserWork, { signal }: Cancellable): Promise<void> {
  const { userName } = request;
  const role = await findRole(session, userName, { signal });
  if (!role) throw changedMeanwhile(userName);
  const write = async () => {
    await requireUnchanged(session, request, { user: 'new', database: 'postgres', signal });
    // with our mark on it, a user that was bound to another identity meanwhile would be bound back
    const adoption = await observeAdoption(session, userName, { administratorNames: [], signal });
    if (!adoption || whyNotAdoptable(request, adoption) !== undefined) throw changedMeanwhile(userName);
    await sendSteps(session, steps, { beforeStep, signal });
  };
  await despiteSessionsOf(session, role, 'writing', () => session.writing(write, { signal }), { signal });
}
