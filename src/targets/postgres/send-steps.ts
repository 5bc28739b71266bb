import type { ApplyOptions } from '../target.ts';
import type { Session } from './session.ts';
import { type UserStep, userStatements } from './steps.ts';

/** Sends the statements of steps of stage user, one by one, each step only while it is permitted. Throws what `beforeStep` and the database throw. */
export async function sendSteps(session: Session, steps: readonly UserStep[], { beforeStep, signal }: ApplyOptions): Promise<void> {
  for (const step of steps) {
    beforeStep(step);
    for (const statement of userStatements(step)) await session.query(statement, [], { signal });
  }
}
