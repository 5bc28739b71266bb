import { clusterPrefix, parseMark } from '../mark.ts';
import type { EndingRequest } from '../target.ts';
import { findUsers, isReserved, type UsersPlace } from './observe-users.ts';
import { readMarked } from './queries.ts';
import type { Session } from './session.ts';

/** Names in one statement. */
const maximumTogether = 1_000;

/** The users that bear a live mark of the cluster, on the account or beside the server, and may be touched at all. Never writes. Throws ConnectionError. */
export async function listMarked(session: Session, cluster: string, place: UsersPlace): Promise<readonly EndingRequest[]> {
  const { server, notes, signal } = place;
  const rows = await session.query<{ userName: string; mark: string | null }>(readMarked(clusterPrefix(cluster)), { signal });
  const noted = [...(await notes.read(server.serverId, { signal }))]
    .filter(([, { mark }]) => mark.cluster === cluster && mark.state === 'live')
    .map(([userName]) => userName);
  const marks = new Map(rows.map(({ userName, mark }) => [userName, parseMark(mark)]));
  const others = noted.filter((userName) => !marks.has(userName));
  for (let at = 0; at < others.length; at += maximumTogether) {
    const found = await findUsers(session, others.slice(at, at + maximumTogether), place);
    for (const [userName, { mark }] of found) marks.set(userName, mark);
  }
  return [...marks].flatMap(([userName, mark]) => {
    if (mark?.cluster !== cluster || mark.state !== 'live' || isReserved(userName, server)) return [];
    // which database its connection was about isn't in the mark
    return [{ serverId: server.serverId, database: 'mysql', userName, mark }];
  });
}
