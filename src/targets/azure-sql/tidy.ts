import { isDeepStrictEqual } from 'node:util';
import { ConnectionError } from '../../api/connection-error.ts';
import { isOurs, type Mark } from '../mark.ts';
import type { Cancellable, EndingRequest, Tidied } from '../target.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { numberOf } from './errors.ts';
import { type EndingOptions, findMeant, requireMeant } from './find-meant.ts';
import { handBackStatements } from './hand-over.ts';
import { retiredName } from './names.ts';
import { type Belongings, observeBelongings } from './observe-hand-over.ts';
import { bears, findPrincipals, type Principal } from './principal.ts';
import { revokeAll } from './rebind.ts';
import { whyNotTo } from './retired-owner.ts';
import type { Session } from './session.ts';
import { createShell, dropUser, setMark } from './statements.ts';
import { changedMeanwhile, requireUnchanged } from './still-ours.ts';
import { write } from './write.ts';

/** How many names of shells are tried. */
const maximumShells = 5;
/** DROP USER says that something is in the way: owned, granted, or run as the user. */
const inTheWay: readonly number[] = [15136, 15138, 15183, 15184, 15284, 15421, 15174, 15141, 15352, 15353, 15354];

/**
 * Drops a user whose access has ended. What it owns goes to a user as whom nobody can log in and who has no rights, never to an administrator, with whose rights modules would run
 * then (threat-model A1); or to the role that the policy names for that. A user as whom modules run stays, locked and without rights. May be repeated. Throws ConnectionError.
 */
export async function tidyUser(session: Session, request: EndingRequest, options: EndingOptions): Promise<Tidied> {
  const { named, meant } = await findMeant(session, request, options);
  const tidied: Tidied[] = [];
  for (const principal of meant) tidied.push(await tidyPrincipal(session, principal, request, options));
  const [first = named ? { kind: 'not-ours' } : ((await findShell(session, request.mark, options)) ?? { kind: 'gone' })] = tidied;
  return tidied.find(({ kind }) => kind === 'shell') ?? first;
}

async function tidyPrincipal(session: Session, principal: Principal, request: EndingRequest, options: EndingOptions): Promise<Tidied> {
  const { server, signal } = options;
  if (!principal.lockedBy.includes(undefined))
    throw new ConnectionError(
      'retry',
      'DatabaseError',
      `the database user ${principal.name} was allowed to log in again meanwhile: its access must end first`,
    );
  await endSessionsOf(session, principal.boundTo, { signal });
  const work = async (): Promise<Tidied> => {
    const leave = (why: string) => leaveLocked(session, request, principal, why, options);
    if (!bears(principal, request.mark, server.administratorIds)) return await leave("somebody changed the operator's mark on it");
    if (principal.mark?.origin === 'adopted') return await leave('it was there before the connection');
    const { modules, isTooMuch, handOver } = await observeBelongings(session, principal.id, { signal });
    if (modules.length > 0) return await leave(`modules run as it (${modules.slice(0, 5).join(', ')})`);
    if (isTooMuch) return await leave('it owns more than can be handed over');
    return await drop(session, request, principal, { handOver }, options);
  };
  try {
    return await despiteSessionsOf(session, principal.boundTo, work, { signal });
  } catch (error) {
    if (!session.isUsable || !inTheWay.includes(numberOf(error) ?? 0)) throw error;
    return await leaveLocked(session, request, principal, 'the database says that it still owns something', options);
  }
}

/** In one transaction, so that what the user owns is never nobody's, and others keep what they have on it. */
async function drop(
  session: Session,
  request: EndingRequest,
  principal: Principal,
  { handOver }: Pick<Belongings, 'handOver'>,
  options: EndingOptions,
): Promise<Tidied> {
  const { mark, retiredOwner } = request;
  const { name } = principal;
  const { signal } = options;
  const owns = handOver.owned.length > 0;
  const why = owns && retiredOwner !== undefined ? await whyNotTo(session, retiredOwner, { signal }) : undefined;
  const heir = owns && why === undefined ? retiredOwner : undefined;
  const shell = owns && heir === undefined ? await freeShellName(session, mark, { signal }) : undefined;
  const to = shell ?? heir;
  const statements = [
    ...(shell === undefined
      ? []
      : [createShell(shell), setMark(shell, { ...mark, ...principal.mark, state: 'released' }, { isThere: false })]),
    ...(to === undefined ? [] : handBackStatements(handOver, to)),
    dropUser(name),
  ];
  const replace = async () => {
    const now = await observeBelongings(session, principal.id, { signal });
    if (now.modules.length > 0 || !isDeepStrictEqual(now.handOver, handOver)) throw changedMeanwhile(name);
    await takeAll(session, request, principal, options);
    await write(session, statements, request, { signal });
  };
  await session.writing(replace, { signal });
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
  options: EndingOptions,
): Promise<Tidied> {
  const { name, mark } = principal;
  const { signal } = options;
  const left: Tidied = { kind: 'shell', userName: name, why };
  if (isOurs(mark, request.mark) && mark.state === 'released') return left;
  const released = isOurs(mark, request.mark) ? setMark(name, { ...mark, state: 'released' }, { isThere: true }) : undefined;
  const leave = async () => {
    await takeAll(session, request, principal, options);
    if (released) await write(session, [released], request, { signal });
  };
  await session.writing(leave, { signal });
  return left;
}

/** Within a transaction, before anything else is written: takes the user's rights. */
async function takeAll(session: Session, request: EndingRequest, principal: Principal, options: EndingOptions): Promise<void> {
  const { signal } = options;
  const { name, lockedBy } = await requireMeant(session, principal, request, options);
  if (!lockedBy.includes(undefined)) throw changedMeanwhile(name);
  await requireUnchanged(session, request, { user: 'new', signal });
  await revokeAll(session, { ...request, userName: name }, principal.id, { signal });
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
