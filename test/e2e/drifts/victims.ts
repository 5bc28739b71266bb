import { type ConnectionKey, waitForReady } from '../../support/connections.ts';
import { asSuperuser, createConnection, newNamespace, newServiceAccount, sandbox, specOf } from '../support.ts';
import { database } from './playground.ts';
import type { Tampering, Victim } from './tampering.ts';

/** Where a connection lies. */
export type Household = 'shared' | 'own';

/** Ready connections, one for each tampering, made all at once: in one namespace, where what is done to them stays in the database, or each in one of its own. */
export async function makeVictims<T extends Tampering>(
  tamperings: readonly T[],
  household: Household,
  { signal }: { readonly signal: AbortSignal },
): Promise<ReadonlyMap<T, Victim>> {
  const shared = household === 'shared' ? await newHome() : undefined;
  const made = tamperings.map(async (tampering, index): Promise<readonly [T, Victim]> => {
    const key = { namespace: shared ?? (await newHome()), name: `victim-${index + 1}` };
    return [tampering, await makeVictim(key, tampering, { signal })];
  });
  return new Map(await Promise.all(made));
}

async function newHome(): Promise<string> {
  const namespace = await newNamespace();
  await newServiceAccount(namespace);
  return namespace;
}

async function makeVictim(key: ConnectionKey, { spec }: Tampering, { signal }: { readonly signal: AbortSignal }): Promise<Victim> {
  const wanted = specOf((each) => {
    each.target.database = database;
    spec?.(each);
  });
  await createConnection(key, wanted);
  const { status } = await waitForReady((await sandbox()).controlPlane.api, key, { status: 'True' }, { signal, withinInMs: 60_000 });
  const user = status?.databaseUser?.name ?? '';
  const [role] = await asSuperuser<{ mark: string }>('postgres', "SELECT shobj_description($1::regrole, 'pg_authid') AS mark", [
    `"${user}"`,
  ]);
  return { key, user, principalId: status?.identity?.principalId ?? '', mark: role?.mark ?? '' };
}
