import { clusterPrefix, parseMark } from '../mark.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { isReserved } from './observe-users.ts';
import type { PostgresServer } from './server.ts';
import type { Session } from './session.ts';
import { sql } from './sql.ts';

/** Roles whose comments begin so and say that they are live, at most 20,000. $1: how the marks of a cluster begin. */
export const readMarked = sql`SELECT r.rolname::text AS name, r.rolsuper AS superuser, pg_catalog.left(d.description, 256) AS comment
  FROM pg_catalog.pg_shdescription AS d JOIN pg_catalog.pg_roles AS r ON r.oid = d.objoid
  WHERE d.classoid = 'pg_catalog.pg_authid'::regclass AND pg_catalog.starts_with(d.description, $1::text) AND d.description LIKE '% live'
  ORDER BY r.oid LIMIT 20000`;

/** The users that bear a live mark of the cluster and may be touched at all, through a session in database `postgres`. Never writes. */
export async function listMarked(
  session: Session,
  server: PostgresServer,
  cluster: string,
  { signal }: Cancellable,
): Promise<readonly EndingRequest[]> {
  type Row = { name: string; superuser: boolean; comment: string };
  const look = () => session.query<Row>(readMarked, [clusterPrefix(cluster)], { signal });
  const rows = await session.reading(look, { signal });
  return rows.flatMap(({ name, superuser, comment }) => {
    const mark = parseMark(comment);
    if (!mark || isReserved(name, superuser, server)) return [];
    return [{ serverId: server.serverId, database: 'postgres', userName: name, mark }];
  });
}
