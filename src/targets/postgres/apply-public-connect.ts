import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { actFor } from './act-for.ts';
import { readDirectConnect } from './owner-queries.ts';
import { type PublicConnectStep, publicConnectStatements } from './plan-public-connect.ts';
import type { Session } from './session.ts';
import { type GuardedRequest, requireUnchanged } from './still-ours.ts';

/**
 * Takes CONNECT on the session's database from PUBLIC, in one transaction in which the operator and the connection's user are given it where they lack it: otherwise
 * the operator would shut itself out for good. Throws ConnectionError, and then everything is as before.
 */
export async function applyPublicConnect(
  session: Session,
  { database, actFor: owner }: PublicConnectStep,
  request: GuardedRequest,
  { signal }: Cancellable,
): Promise<void> {
  const keepers = [session.login, request.userName];
  const without = () => withoutConnect(session, keepers, { signal });
  const revoke = async () => {
    await requireUnchanged(session, request, { user: 'there', database, signal });
    // asked before we act for the owner, who may well connect
    const statements = publicConnectStatements({ database, keepers: await without() });
    const send = async () => {
      for (const statement of statements) await session.query(statement, [], { signal });
    };
    if (owner === undefined) await send();
    else await actFor(session, owner, send, { signal });
    const [shutOut] = await without();
    if (shutOut !== undefined)
      throw new ConnectionError(
        'waiting',
        'DatabaseError',
        `${shutOut} could not be given CONNECT on database ${database}, so everybody keeps it`,
      );
  };
  await session.writing(revoke, { signal });
}

/** Whether a role may connect to the session's database also when not everybody may. */
export async function hasDirectConnect(session: Session, name: string, { signal }: Cancellable): Promise<boolean> {
  return (await withoutConnect(session, [name], { signal })).length === 0;
}

/** Of some roles, those who may connect to the session's database only because everybody may. */
async function withoutConnect(session: Session, names: readonly string[], { signal }: Cancellable): Promise<readonly string[]> {
  const direct = await session.query<{ name: string }>(readDirectConnect, [names], { signal });
  return names.filter((each) => !direct.some(({ name }) => name === each));
}
