import type { Step } from '../../api/step.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { TargetRequest } from '../target.ts';
import { createUsers } from './create-users.ts';
import { endSessionsOf } from './end-sessions.ts';
import { observeAdoption } from './observe-adoption.ts';
import { type FoundUser, findUsers, type UsersPlace } from './observe-users.ts';
import { whyNotAdoptable } from './plan-adoption.ts';
import { rebindUser } from './rebind.ts';
import { settleFormer } from './restore-rights.ts';
import type { Session } from './session.ts';
import { shutOut } from './shut-out.ts';
import { allowLogin } from './statements.ts';
import type { UserStep } from './steps.ts';
import { changedMeanwhile, requireOurs } from './still-ours.ts';
import { writeMark } from './write-mark.ts';

/** What is to be done about one user. */
export interface UserWork {
  readonly request: TargetRequest;
  readonly steps: readonly UserStep[];
  /** Called before each step; throws when it is no longer permitted. */
  readonly beforeStep: (step: Step) => void;
}

export interface ApplyUserOptions extends UsersPlace {
  readonly logger: Pick<Logger, 'warn'> | undefined;
}

/**
 * Carries out the steps of stage user, and answers what failed, by work. Nothing here can be undone, as every statement commits: what a crash leaves behind is seen by the
 * next look, and taken from there. Throws what ends the session.
 */
export async function applyUsers(
  session: Session,
  works: readonly UserWork[],
  options: ApplyUserOptions,
): Promise<ReadonlyMap<UserWork, unknown>> {
  const failures = new Map<UserWork, unknown>();
  // much may have happened since the plans were made
  const found = await findUsers(
    session,
    works.map(({ request }) => request.userName),
    options,
  );
  const isNew = ({ steps }: UserWork) => steps.some(({ kind }) => kind === 'create-user');
  await createUsers(session, works.filter(isNew), found, failures, options);
  for (const work of works.filter((each) => !isNew(each))) {
    try {
      for (const step of work.steps) await applyStep(session, step, work, found.get(work.request.userName)!, options);
    } catch (error) {
      if (!session.isUsable) throw error;
      failures.set(work, error);
    }
  }
  return failures;
}

async function applyStep(
  session: Session,
  step: UserStep,
  { request, beforeStep }: UserWork,
  found: FoundUser,
  options: ApplyUserOptions,
): Promise<void> {
  const { notes, server, signal } = options;
  const { userName } = step;
  switch (step.kind) {
    case 'create-user':
      throw new TypeError('users are made together');
    case 'rebind':
      beforeStep(step);
      return await rebindUser(session, step, request, requireOurs(found, request), options);
    case 'adopt-user': {
      const boundTo = await requireAdoptable(session, request, found, options);
      beforeStep(step);
      const change = await writeMark(session, { userName, mark: step.mark, user: found, boundTo }, { signal });
      return await notes.write(server.serverId, [change], { signal });
    }
    case 'mark': {
      const user = requireOurs(found, request);
      beforeStep(step);
      const boundTo = user.account.binding?.id ?? request.identity.clientId;
      const change = await writeMark(session, { userName, mark: step.mark, user, boundTo }, { signal });
      return await notes.write(server.serverId, [change], { signal });
    }
    case 'restore-rights':
    case 'forget-rights': {
      // a step before may have written the note
      const user = requireOurs((await findUsers(session, [userName], options)).get(userName), request);
      beforeStep(step);
      return await settleFormer(session, step.kind, request, user, options);
    }
    case 'forbid-login':
      beforeStep(step);
      return await shutOut(session, userName, { ...options, isLocked: requireOurs(found, request).account.isLocked });
    case 'allow-login':
      requireOurs(found, request);
      beforeStep(step);
      // they may date from a time when the user could do more
      await endSessionsOf(session, userName, options);
      await session.query(allowLogin(userName), { signal });
      return;
    default:
      return step satisfies never;
  }
}

/** With our mark on it, a user that was bound to another identity meanwhile would be bound back. Answers whom it is bound to. */
async function requireAdoptable(session: Session, request: TargetRequest, found: FoundUser, options: ApplyUserOptions): Promise<string> {
  const adoption = await observeAdoption(session, request.userName, options);
  const isChanged = found.isReserved || found.otherHosts.length > 0 || whyNotAdoptable(request, found, adoption) !== undefined;
  if (isChanged || !found.account?.binding) throw changedMeanwhile(request.userName);
  return found.account.binding.id;
}
