import { clusterPrefix, parseMark } from '../mark.ts';
import type { EndingRequest } from '../target.ts';
import type { EndingOptions } from './find-meant.ts';
import { readMarked } from './queries.ts';
import type { Session } from './session.ts';

/** The users of the session's database that bear a live mark of the cluster and may be touched at all. Never writes. */
export async function listMarked(session: Session, cluster: string, { server, signal }: EndingOptions): Promise<readonly EndingRequest[]> {
  const rows = await session.query<{ name: string; mark: string | null }>(readMarked, [`${clusterPrefix(cluster)}% live`], { signal });
  return rows.flatMap(({ name, mark: text }) => {
    const mark = parseMark(text);
    return mark ? [{ serverId: server.serverId, database: session.database, userName: name, mark }] : [];
  });
}
