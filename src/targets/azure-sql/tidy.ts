import { isDeepStrictEqual } from 'node:util';
import { ConnectionError } from '../../api/connection-error.ts';
import { isOurs, type Mark } from '../mark.ts';
import type { Cancellable, EndingRequest, Tidied } from '../target.ts';
import type { EndingOptions } from './end.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { numberOf } from './errors.ts';
import { findDespiteLocks } from './find-despite-locks.ts';
import { handBackStatements } from './hand-over.ts';
import { retiredName } from './names.ts';
import { type Belongings, observeBelongings } from './observe-hand-over.ts';
import { observeRights } from './observe-rights.ts';
import { planRights } from './plan-rights.ts';
import { bears, findPrincipal, findPrincipals, type Principal } from './principal.ts';
import { nothing } from './profile.ts';
import { whyNotTo } from './retired-owner.ts';
import type { Session } from './session.ts';
import { createShell, dropUser, setMark } from './statements.ts';
import { grantStatement } from './steps.ts';
import { changedMeanwhile, requireOurs, requireUnchanged } from './still-ours.ts';

/** How many names of shells are tried. */
const maximumShells = 5;
/** DROP USER says that something is in the way: owned, granted, or run as the user. */
const inTheWay: readonly number[] = [15136, 15138, 15183, 15184, 15284, 15421, 15174, 15141, 15352, 15353, 15354];

/**
 * Drops a user whose access has ended. What it owns goes to a user as whom nobody can log in and who has no rights, never to an administrator, with whose rights modules would run
 * then (threat-model A1); or to the role that the policy names for that. A user as whom modules run stays, locked and without rights. May be repeated. Throws ConnectionError.
 */
export async function tidyUser(session: Session, request: EndingRequest, { server, signal }: EndingOptions): Promise<Tidied> {
  const { userName, mark } = request;
  const principal = await findDespiteLocks(session, request, { server, signal });
  if (!principal) return (await findShell(session, mark, { signal })) ?? { kind: 'gone' };
  if (!bears(principal, mark, server.administratorIds)) return { kind: 'not-ours' };
  if (!principal.isLocked)
    throw new ConnectionError(
      'retry',
      'DatabaseError',
      `the database user ${userName} was allowed to log in again meanwhile: its access must end first`,
    );
  await endSessionsOf(session, principal.boundTo, { signal });
  const work = async (): Promise<Tidied> => {
    if (principal.mark?.origin === 'adopted')
      return await leaveLocked(session, request, principal, 'it was there before the connection', { signal });
    const { modules, isTooMuch, handOver } = await observeBelongings(session, principal.id, { signal });
    if (modules.length > 0)
      return await leaveLocked(session, request, principal, `modules run as it (${modules.slice(0, 5).join(', ')})`, { signal });
    if (isTooMuch) return await leaveLocked(session, request, principal, 'it owns more than can be handed over', { signal });
    return await drop(session, request, principal, { handOver }, { signal });
  };
  try {
    return await despiteSessionsOf(session, principal.boundTo, work, { signal });
  } catch (error) {
    if (!session.isUsable || !inTheWay.includes(numberOf(error) ?? 0)) throw error;
    return await leaveLocked(session, request, principal, 'the database says that it still owns something', { signal });
  }
}

/** In one transaction, so that what the user owns is never nobody's, and others keep what they have on it. */
async function drop(
  session: Session,
  request: EndingRequest,
  principal: Principal,
  { handOver }: Pick<Belongings, 'handOver'>,
  { signal }: Cancellable,
): Promise<Tidied> {
  const { userName, mark, retiredOwner } = request;
  const owns = handOver.owned.length > 0;
  const why = owns && retiredOwner !== undefined ? await whyNotTo(session, retiredOwner, { signal }) : undefined;
  const heir = owns && why === undefined ? retiredOwner : undefined;
  const shell = owns && heir === undefined ? await freeShellName(session, mark, { signal }) : undefined;
  const write = async () => {
    const now = await observeBelongings(session, principal.id, { signal });
    if (now.modules.length > 0 || !isDeepStrictEqual(now.handOver, handOver)) throw changedMeanwhile(userName);
    await revokeAll(session, request, principal, { signal });
    if (shell !== undefined) {
      await session.query(createShell(shell), [], { signal });
      await session.query(setMark(shell, { ...mark, ...principal.mark, state: 'released' }, { isThere: false }), [], { signal });
    }
    const to = shell ?? heir;
    if (to !== undefined) for (const statement of handBackStatements(handOver, to)) await session.query(statement, [], { signal });
    await session.query(dropUser(userName), [], { signal });
  };
  await session.writing(write, { signal });
  // a login that was under way
  await endSessionsOf(session, principal.boundTo, { signal });
  if (shell !== undefined)
    return { kind: 'shell', userName: shell, why: `it owns ${summaryOf(handOver)}${why === undefined ? '' : `, and ${why}`}` };
  return { kind: 'gone', ...(heir !== undefined && { handedTo: heir }) };
}

/** Takes all rights away and leaves the user locked under its own name. */
async function leaveLocked(
  session: Session,
  request: EndingRequest,
  principal: Principal,
  why: string,
  { signal }: Cancellable,
): Promise<Tidied> {
  const { userName } = request;
  const left: Tidied = { kind: 'shell', userName, why };
  if (!principal.mark || principal.mark.state === 'released') return left;
  const released: Mark = { ...principal.mark, state: 'released' };
  const write = async () => {
    await revokeAll(session, request, principal, { signal });
    await session.query(setMark(userName, released, { isThere: true }), [], { signal });
  };
  await session.writing(write, { signal });
  return left;
}

/** Within a transaction, before anything is written. */
async function revokeAll(session: Session, request: EndingRequest, { id }: Principal, { signal }: Cancellable): Promise<void> {
  const { userName, knownTriggers = [] } = request;
  await requireUnchanged(session, request, { user: 'there', signal });
  const now = requireOurs(await findPrincipal(session, userName, { signal }), request);
  if (now.id !== id || !now.isLocked) throw changedMeanwhile(userName);
  const [found] = await observeRights(session, [{ userName, userId: id, promised: nothing, knownTriggers }], { signal });
  if (!found) return;
  for (const step of planRights(nothing, found).steps) await session.query(grantStatement(step), [], { signal });
}

interface Shell {
  readonly name: string;
  readonly principal: Principal | undefined;
}

/** The names that shells of a connection have, and who bears them. */
async function shellsOf(session: Session, { uid }: Mark, { signal }: Cancellable): Promise<readonly Shell[]> {
  const names = Array.from({ length: maximumShells }, (_, index) => retiredName(uid, index + 1));
  const sought = names.map((name) => ({ name, securityId: null }));
  const found = await findPrincipals(session, sought, { signal });
  return names.map((name, index) => ({ name, principal: found[index]?.named }));
}

/** What an earlier attempt made of the user. */
async function findShell(session: Session, mark: Mark, { signal }: Cancellable): Promise<Tidied | undefined> {
  const shells = await shellsOf(session, mark, { signal });
  const shell = shells.find(({ principal }) => isOurs(principal?.mark, mark) && principal?.mark?.uid === mark.uid);
  return shell && { kind: 'shell', userName: shell.name, why: 'it keeps what the user owned' };
}

async function freeShellName(session: Session, mark: Mark, { signal }: Cancellable): Promise<string> {
  const free = (await shellsOf(session, mark, { signal })).find(({ principal }) => !principal);
  if (free) return free.name;
  throw new ConnectionError(
    'waiting',
    'DatabaseError',
    `database ${session.database} has too many users called ${retiredName(mark.uid, 1)}: drop those that own nothing`,
  );
}

function summaryOf({ owned }: Belongings['handOver']): string {
  const counts = [...Map.groupBy(owned, ({ kind }) => kind)].map(([kind, list]) => `${list.length} ${kind}${list.length === 1 ? '' : 's'}`);
  return counts.join(', ');
}
