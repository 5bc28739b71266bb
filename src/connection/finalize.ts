import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { ConnectionError } from '../api/connection-error.ts';
import { finalizer } from '../api/names.ts';
import { hasFinalizer, removeFinalizer } from '../runtime/finalizers.ts';
import type { Cancellable, EndingRequest, ServerObservation, Target } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { asStageFailure, type StageFailure } from './in-stage.ts';
import { unservedDeletion } from './not-yet-served.ts';
import type { Outcome } from './outcome.ts';
import { permission } from './permit.ts';
import { identityRequest, resolveEnding, serverIdOf, workloadRequest } from './resolve.ts';
import { connections } from './resources.ts';

/**
 * Ends a deleted connection's access: the database user loses its login and sessions, the identity its federation, the workload its settings.
 * The finalizer goes when all that is done; tidying the user away may come later, from a tombstone.
 */
export async function finalize(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<Outcome> {
  if (!hasFinalizer(connection, finalizer)) return { kind: 'gone' };
  const unserved = unservedDeletion(connection.spec);
  if (unserved)
    return failed(
      new ConnectionError(
        'stalled',
        'NotYetServed',
        `this version of the operator does not serve ${unserved}: set it to Delete, then the access ends`,
      ),
    );
  try {
    const mayHaveActed = await mayHaveActedFor(connection, deps, { signal });
    const note = mayHaveActed ? await endAll(connection, deps, { signal }) : 'nothing had been made for it';
    await removeFinalizer(deps.client, connections, connection, finalizer, { signal });
    return { kind: 'ended', note };
  } catch (error) {
    return failed(asStageFailure(error));
  }
}

/**
 * Only a server that we worked on before, or that a policy allows, is logged in to: anybody can write our finalizer onto a resource that names any server,
 * and deletion needs no permission (threat-model S1, D17).
 */
async function mayHaveActedFor(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<boolean> {
  if (!deps.targets.has(connection.spec.target.type)) return false;
  if (permission(connection, deps).allowed) return true;
  const serverId = serverIdOf(connection.spec);
  // one that doesn't parse was never allowed
  return serverId !== undefined && (await deps.ledger.knows(serverId, { signal }));
}

/** Each part is tried, so that a server that can't be reached doesn't keep the identity's federation alive. Throws the first failure. */
async function endAll(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<string> {
  const failures: StageFailure[] = [];
  let note = 'the database user was gone already';
  const attempt = async (stage: 'user' | 'identity' | 'settings', action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      signal.throwIfAborted();
      failures.push(asStageFailure(error, stage));
    }
  };
  await attempt('user', async () => {
    note = await endUser(connection, deps, { signal });
  });
  const { workload, identity } = connection.spec;
  await attempt('identity', async () => deps.identities.get(identity.type)?.release(identityRequest(connection, deps), { signal }));
  await attempt('settings', async () => deps.workloads.get(workload.type)?.release(workloadRequest(connection, deps), { signal }));
  if (failures[0]) throw failures[0];
  return note;
}

async function endUser(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<string> {
  const { type } = connection.spec.target;
  const target = deps.targets.get(type);
  if (!target) return 'nothing had been made for it';
  const verdict = permission(connection, deps);
  const request = { ...resolveEnding(connection, deps), knownTriggers: verdict.allowed ? verdict.setup.knownTriggers : [] };
  const server = await serverOrAbsent(target, request, { signal });
  if (!server) return 'the server is gone, and the database user with it';
  // an absent user of another server says nothing about ours
  await deps.ledger.rememberServer(request.serverId, await target.identify(server, { signal }), { signal });
  const ended = await target.end(request, server, { signal });
  switch (ended) {
    case 'absent':
      return 'the database user was gone already';
    case 'not-ours':
      return 'the user of that name belongs to somebody else and was left alone';
    case 'ended':
      return await tidyOrBury(target, request, server, deps, { signal });
    default:
      return ended satisfies never;
  }
}

async function serverOrAbsent(target: Target, request: EndingRequest, { signal }: Cancellable): Promise<ServerObservation | undefined> {
  try {
    return await target.observeServer(request, { signal });
  } catch (error) {
    if (asStageFailure(error).failure.reason === 'ServerNotFound') return undefined;
    throw error;
  }
}

async function tidyOrBury(
  target: Target,
  request: EndingRequest,
  server: ServerObservation,
  deps: Deps,
  { signal }: Cancellable,
): Promise<string> {
  try {
    const tidied = await target.tidy(request, server, { signal });
    switch (tidied.kind) {
      case 'gone':
        return `the database user ${request.userName} was dropped`;
      case 'shell':
        return `the database user ${request.userName} can't log in any more; it stays as ${tidied.userName}, because ${tidied.why}`;
      case 'not-ours':
        return 'the user of that name belongs to somebody else and was left alone';
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

function failed(error: ConnectionError | StageFailure): Outcome {
  const { stage, failure } = asStageFailure(error);
  return { kind: 'failed', stage, inSync: [], failure, facts: {}, applied: [], deleting: true };
}
