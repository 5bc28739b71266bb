import type { PasswordlessConnection } from '../api/connection.generated.ts';
import type { Cancellable, EndingRequest, ServerObservation, Target } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { asStageFailure } from './in-stage.ts';
import { permission } from './permit.ts';
import { resolveEnding } from './resolve.ts';
import { reachServer } from './server-setup.ts';

const goneAlready = 'the database user was gone already';
const notOurs = 'the user of that name belongs to somebody else and was left alone';
export const nothingMade = 'nothing had been made for it';

/**
 * Takes a connection's login away and ends its sessions; with `tidy` it goes on to drop the user, now or later. With `keep` grants, ownership and mark stay, so that
 * everything can come back. Answers what became of the user, for an Event. Throws StageFailure and ConnectionError.
 */
export async function endUser(
  connection: PasswordlessConnection,
  afterwards: 'tidy' | 'keep',
  deps: Deps,
  { signal }: Cancellable,
): Promise<string> {
  const found = await find(connection, deps, { signal });
  if (typeof found === 'string') return found;
  const { target, request, server } = found;
  const ended = await target.end(request, server, { signal });
  switch (ended) {
    case 'absent':
      return goneAlready;
    case 'not-ours':
      return notOurs;
    case 'ended':
      if (afterwards === 'keep') return `the database user ${request.userName} can't log in any more; its rights and what it owns stay`;
      return await tidyOrBury(target, request, server, deps, { signal });
    default:
      return ended satisfies never;
  }
}

/** Leaves a connection's user as it is, and says in its mark that nobody looks after it any more. Answers what became of it, for an Event. Throws as endUser does. */
export async function releaseUser(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<string> {
  const found = await find(connection, deps, { signal });
  if (typeof found === 'string') return found;
  const { target, request, server } = found;
  const released = await target.release(request, server, { signal });
  switch (released) {
    case 'absent':
      return goneAlready;
    case 'not-ours':
      return notOurs;
    case 'released':
      return `the database user ${request.userName} keeps its access, and nobody looks after it any more`;
    default:
      return released satisfies never;
  }
}

interface Found {
  readonly target: Target;
  readonly request: EndingRequest;
  readonly server: ServerObservation;
}

/** Where a connection's user is, or why there is none. */
async function find(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<Found | string> {
  const target = deps.targets.get(connection.spec.target.type);
  if (!target) return nothingMade;
  const request = resolveEnding(connection, deps, permission(connection, deps));
  const server = await serverOrAbsent(target, request, deps, { signal });
  if (!server) return 'the server is gone, and the database user with it';
  // an absent user of another server says nothing about ours
  await deps.ledger.rememberServer(request.serverId, await target.identify(server, { signal }), { signal });
  return { target, request, server };
}

async function serverOrAbsent(
  target: Target,
  request: EndingRequest,
  deps: Deps,
  { signal }: Cancellable,
): Promise<ServerObservation | undefined> {
  try {
    return await reachServer(target, request, deps, { signal });
  } catch (error) {
    if (asStageFailure(error).failure.reason === 'ServerNotFound') return undefined;
    throw error;
  }
}

/** Tidies a user whose access has ended, or remembers to do so later. Answers what became of it, for an Event. Throws when it can't be remembered. */
export async function tidyOrBury(
  target: Target,
  request: EndingRequest,
  server: ServerObservation,
  deps: Pick<Deps, 'ledger' | 'tombstones'>,
  { signal }: Cancellable,
): Promise<string> {
  try {
    const tidied = await target.tidy(request, server, { signal });
    switch (tidied.kind) {
      case 'gone':
        return `the database user ${request.userName} was dropped${tidied.handedTo === undefined ? '' : `, and what it owned belongs to ${tidied.handedTo} now`}`;
      case 'shell':
        return `the database user ${request.userName} can't log in any more; it stays as ${tidied.userName}, because ${tidied.why}`;
      case 'not-ours':
        return notOurs;
      default:
        return tidied satisfies never;
    }
  } catch (error) {
    signal.throwIfAborted();
    await deps.ledger.bury({ type: target.type, request }, { signal });
    deps.tombstones.wake(request.serverId);
    return `the database user ${request.userName} can't log in any more; it is tidied away later: ${asStageFailure(error).failure.message}`;
  }
}
