import { createHash } from 'node:crypto';

/** How the user came to be: made by us, or there before and taken over. What was adopted is never dropped. */
export type Origin = 'created' | 'adopted';
/** Whether the user may log in; the sweep for orphans passes over the last two. */
export type MarkState = 'live' | 'disabled' | 'released';

/** Whose a database user is. Opaque on purpose: everybody on the server can read it (threat-model D12). */
export interface Mark {
  /** Of the cluster: issuer and uid of kube-system. */
  readonly cluster: string;
  /** Of the connection's namespace uid, namespace and name: the same again after the resource was made anew. */
  readonly connection: string;
  /** The connection's uid. */
  readonly uid: string;
  readonly origin: Origin;
  readonly state: MarkState;
}

const pattern = /^dbaccess\/1 ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f-]{36}) (created|adopted) (live|disabled|released)$/;

/** The mark as it is written into the database. */
export function markText(mark: Mark): string {
  return `${clusterPrefix(mark.cluster)}${mark.connection} ${mark.uid} ${mark.origin} ${mark.state}`;
}

/** How every mark of a cluster begins, and no other text that is a mark. */
export function clusterPrefix(cluster: string): string {
  return `dbaccess/1 ${cluster} `;
}

/** Whether a text is a mark, also one of a form that we can't read. */
export function isMark(text: string): boolean {
  return /^dbaccess\/\d/.test(text);
}

/** The mark that a text is, or undefined for every other text. */
export function parseMark(text: string | null | undefined): Mark | undefined {
  const found = pattern.exec(text ?? '');
  if (!found) return undefined;
  const [, cluster, connection, uid, origin, state] = found as unknown as [string, string, string, string, Origin, MarkState];
  return { cluster, connection, uid, origin, state };
}

/** Whether a user with this mark belongs to the connection that `own` speaks of, in this life of it or an earlier one. */
export function isOurs(mark: Mark | undefined, own: Pick<Mark, 'cluster' | 'connection'>): mark is Mark {
  return mark !== undefined && mark.cluster === own.cluster && mark.connection === own.connection;
}

/** Whether a user is the connection's. One that was taken over by an earlier one of its name is so only after it was taken over anew. */
export function isHeld(mark: Mark | undefined, own: Mark): mark is Mark {
  return isOurs(mark, own) && (mark.origin === 'created' || mark.uid === own.uid);
}

/** The hash that stands for a cluster in marks: two clusters never take each other's users for their own. */
export function clusterHash(issuer: string, kubeSystemUid: string): string {
  return hash(issuer, kubeSystemUid);
}

/** The hash that stands for a connection in marks. */
export function connectionHash(namespaceUid: string, namespace: string, name: string): string {
  return hash(namespaceUid, `${namespace}/${name}`);
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}
