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
  // asked only where it can spare a look, and for what is found in order
  let told: Promise<string> | undefined;
  const fingerprint = () => (told ??= readFingerprintOf(session, { signal }));
  const known = new Map<RightsRequest, RightsObservation>();
  for (const request of requests) {
    const remembered = memory.recall(host, request);
    if (remembered && remembered.fingerprint === (await fingerprint())) known.set(request, remembered.observation);
  }
  const unknown = requests.filter((request) => !known.has(request));
  const observations = unknown.length > 0 ? await observeRights(session, unknown, { signal }) : [];
  for (const [index, request] of unknown.entries()) {
    const observation = observations[index]!;
    known.set(request, observation);
    if (planRights(request.promised, observation).steps.length === 0)
      memory.remember(host, request, { fingerprint: await fingerprint(), observation });
    else memory.forget(host, request);
  }
  return requests.map((request) => known.get(request)!);
}

async function readFingerprintOf(session: Session, { signal }: Cancellable): Promise<string> {
  const [row] = await session.query<{ fingerprint: string }>(readFingerprint, [], { signal });
  return row?.fingerprint ?? '';
}

function requestOf({ request, roleOid }: RightsQuestion, clusterHash: string, majorVersion: number): RightsRequest {
  const { database, userName, knownTriggers, access } = request;
  return { database, userName, roleOid, promised: promisedBy(access, majorVersion), clusterHash, knownTriggers };
}
