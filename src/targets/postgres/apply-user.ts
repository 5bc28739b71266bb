import type { ApplyOptions, TargetRequest } from '../target.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { findOurs } from './role.ts';
import type { Session } from './session.ts';
import { type UserStep, userStatements } from './steps.ts';
import { requireUnchanged } from './still-ours.ts';

/**
 * Carries out the steps of stage user through a session in database `postgres`: all but the login in one transaction, so that user and mark appear together;
 * then the sessions of whoever was bound before are ended, and only then the user may log in. Throws ConnectionError and what beforeStep throws.
 */
export async function applyUser(
  session: Session,
  steps: readonly UserStep[],
  request: TargetRequest,
  { beforeStep, signal }: ApplyOptions,
): Promise<void> {
  const write = async (batch: readonly UserStep[]) => {
    const user = batch.some(({ kind }) => kind === 'create-user') ? 'new' : 'there';
    await session.writing(
      async () => {
        await requireUnchanged(session, request, { user, database: 'postgres', signal });
        for (const step of batch) {
          beforeStep(step);
          for (const statement of userStatements(step)) await session.query(statement, [], { signal });
        }
      },
      { signal },
    );
  };
  const allowing = steps.filter(({ kind }) => kind === 'allow-login');
  const others = steps.filter(({ kind }) => kind !== 'allow-login');
  if (others.some(({ kind }) => kind === 'create-user')) return await write(steps);
  const role = await findOurs(session, request, { signal });
  const which = others.some(({ kind }) => kind === 'rebind') ? 'all' : 'writing';
  if (others.length > 0) await despiteSessionsOf(session, role, which, () => write(others), { signal });
  if (allowing.length === 0) return;
  await endSessionsOf(session, role, { signal });
  await write(allowing);
}
