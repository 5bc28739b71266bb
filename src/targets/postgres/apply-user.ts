import { ConnectionError } from '../../api/connection-error.ts';
import type { ApplyOptions, TargetRequest } from '../target.ts';
import { endSessionsOf } from './end-sessions.ts';
import { findRole } from './role.ts';
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
  if (others.length > 0) await write(others);
  if (allowing.length === 0) return;
  const role = await findRole(session, request.userName, { signal });
  if (!role)
    throw new ConnectionError(
      'retry',
      'DatabaseError',
      `the database user ${request.userName} was dropped by somebody else at the same time`,
    );
  await endSessionsOf(session, role, { signal });
  await write(allowing);
}
