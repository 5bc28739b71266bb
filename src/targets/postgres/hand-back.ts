import type { Mark } from '../mark.ts';
import type { EndingRequest, Tidied } from '../target.ts';
import { revokeIn } from './revoke-all.ts';
import type { EndingRole } from './role.ts';
import type { Session } from './session.ts';
import { setMark } from './statements.ts';
import { requireUnchanged } from './still-ours.ts';
import type { TidyOptions } from './tidy.ts';

/**
 * Leaves a user that was there before the connection locked under its own name, without rights in the connection's database. What it has elsewhere, what it owns
 * and who has its rights were never ours (threat-model A5); its mark says that nobody looks after it any more. Throws ConnectionError.
 */
export async function handBack(request: EndingRequest, role: EndingRole, options: TidyOptions): Promise<Tidied> {
  const { inDatabase, signal } = options;
  const handed: Tidied = { kind: 'shell', userName: role.name, why: 'it was there before the connection' };
  if (!role.mark || role.mark.state === 'released') return handed;
  const mark: Mark = { ...role.mark, state: 'released' };
  await revokeIn(request.database, request, role, options);
  const release = async (session: Session) => {
    await requireUnchanged(session, request, { user: 'there', database: 'postgres', signal });
    await session.query(setMark(role.name, mark), [], { signal });
  };
  await inDatabase('postgres', (session) => session.writing(() => release(session), { signal }));
  return handed;
}
