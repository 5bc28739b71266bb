import { type Answer, togetherOrAlone } from '../gathering.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { readFingerprint } from './grant-queries.ts';
import { observeRights, type RightsRequest } from './observe-rights.ts';
import { planRights } from './plan-rights.ts';
import { promisedBy } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import type { RightsMemory } from './rights-memory.ts';
import type { Session } from './session.ts';

export interface RightsQuestion {
  readonly request: TargetRequest;
  readonly roleOid: number;
}

export interface LookOptions extends Cancellable {
  readonly host: string;
  readonly clusterHash: string;
  readonly memory: RightsMemory;
}

/**
 * Looks at the rights of some users in the session's database, and answers in the order in which they were asked for. Users that were found in order are not looked at again while the
 * database's fingerprint is the same. Never writes. Throws ConnectionError.
 */
export async function lookAtRights(
  session: Session,
  questions: readonly RightsQuestion[],
  { host, clusterHash, memory, signal }: LookOptions,
): Promise<readonly Answer<RightsObservation>[]> {
  const look = async (some: readonly RightsQuestion[]) => {
    const requests = some.map((question) => requestOf(question, clusterHash, session.majorVersion));
    return await session.reading(() => observe(session, requests, { host, memory, signal }), { signal });
  };
  return await togetherOrAlone(questions, look, () => session.isUsable);
}

async function observe(
  session: Session,
  requests: readonly RightsRequest[],
  { host, memory, signal }: Omit<LookOptions, 'clusterHash'>,
): Promise<readonly RightsObservation[]> {
  const [row] = await session.query<{ fingerprint: string }>(readFingerprint, [], { signal });
  const fingerprint = row?.fingerprint ?? '';
  const known = new Map(
    requests.flatMap((request) => {
      const observation = memory.recall(host, request, fingerprint);
      return observation ? [[request, observation] as const] : [];
    }),
  );
  const unknown = requests.filter((request) => !known.has(request));
  const observations = unknown.length > 0 ? await observeRights(session, unknown, { signal }) : [];
  for (const [index, request] of unknown.entries()) {
    const observation = observations[index]!;
    known.set(request, observation);
    if (planRights(request.promised, observation).steps.length === 0) memory.remember(host, request, fingerprint, observation);
    else memory.forget(host, request);
  }
  return requests.map((request) => known.get(request)!);
}

function requestOf({ request, roleOid }: RightsQuestion, clusterHash: string, majorVersion: number): RightsRequest {
  const { database, userName, knownTriggers, access } = request;
  return { database, userName, roleOid, promised: promisedBy(access, majorVersion), clusterHash, knownTriggers };
}
