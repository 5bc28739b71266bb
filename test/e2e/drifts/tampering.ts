import type { ConnectionSpec } from '../../../src/api/spec.ts';
import type { FederatedCredential } from '../../sandbox/azure/world.ts';
import type { ConnectionKey } from '../../support/connections.ts';
import { asSuperuser, inTime, sandbox } from '../support.ts';
import { database } from './playground.ts';

/** A connection somebody is about to tamper with. */
export interface Victim {
  readonly key: ConnectionKey;
  readonly user: string;
  /** Of its identity. */
  readonly principalId: string;
  /** The comment on its user. */
  readonly mark: string;
}

/** What somebody does: statements of a superuser in the victim's database, or anything else. */
export type Change = { readonly sql: (victim: Victim) => string } | { readonly run: (victim: Victim) => Promise<void> };

/** Something that somebody does by hand behind the operator's back. */
export interface Tampering {
  /** The subject of a sentence. */
  readonly what: string;
  readonly spec?: (spec: ConnectionSpec) => void;
  readonly change: Change;
}

/** What one pass mends: the kinds of its steps in their order, and what the one Event says. */
export interface Drift extends Tampering {
  readonly steps: readonly string[];
  readonly note: RegExp;
  readonly reason?: 'IdentityRebound';
  /** Whether the access is another one afterwards. */
  readonly leavesOther?: boolean;
}

/** Does all of it at once. Statements go in one transaction, so that no pass of the operator sees half of a change, and none of its writes gets in between. */
export async function tamper(changes: readonly (readonly [Change, Victim])[]): Promise<void> {
  const statements = changes.flatMap(([change, victim]) => ('sql' in change ? [change.sql(victim)] : []));
  if (statements.length > 0) await asSuperuser(database, statements.join(';'));
  await Promise.all(changes.map(async ([change, victim]) => ('run' in change ? await change.run(victim) : undefined)));
}

/** Statements in which `USER` stands for the victim's user. */
export function sql(text: string): Change {
  return { sql: ({ user }) => text.replaceAll(/\bUSER\b/g, `"${user}"`) };
}

/** A label as only the server itself writes it; null takes it away. */
export function label(of: (principalId: string) => string | null): Change {
  return {
    sql: ({ user, principalId }) => {
      const text = of(principalId);
      return `SELECT pg_catalog.sandbox_store_label('"${user}"'::regrole, ${text === null ? 'NULL' : `'${text}'`})`;
    },
  };
}

/** A merge patch of what the connection wrote in its namespace; `undefined` deletes it. */
export function patch(plural: 'secrets' | 'serviceaccounts', body: unknown): Change {
  const run = async ({ key }: Victim) => {
    const { api } = (await sandbox()).controlPlane;
    const path = `/api/v1/namespaces/${key.namespace}/${plural}/${plural === 'secrets' ? key.name : 'app'}`;
    if (body === undefined) await api.request('DELETE', path, {}, inTime());
    else await api.request('PATCH', path, { body, contentType: 'application/merge-patch+json' }, inTime());
  };
  return { run };
}

export function annotations(values: Readonly<Record<string, string | null>>): Change {
  return patch('serviceaccounts', { metadata: { annotations: values } });
}

/** Edits the federated credential of the connection's service account; where nothing is left it is deleted. */
export function credential(edit: (found: FederatedCredential) => FederatedCredential | undefined): Change {
  const run = async ({ key }: Victim) => {
    for (const { federatedCredentials } of (await sandbox()).world.identities) {
      const index = federatedCredentials.findIndex(({ subject }) => subject.startsWith(`system:serviceaccount:${key.namespace}:`));
      const found = federatedCredentials[index];
      if (found) federatedCredentials.splice(index, 1, ...[edit(found) ?? []].flat());
    }
  };
  return { run };
}
