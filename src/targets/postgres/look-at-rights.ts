import { type Answer, togetherOrAlone } from '../gathering.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { readFingerprint } from './grant-queries.ts';
import { observeRights } from './observe-rights.ts';
import { planRights } from './plan-rights.ts';
import { promisedBy } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import type { RightsMemory } from './rights-memory.ts';
import type { RightsRequest } from './rights-request.ts';
import type { Session } from './session.ts';

export interface RightsQuestion {
  readonly request: TargetRequest;
  readonly roleOid: number;
}

export interface LookOptions extends Cancellable {
  readonly host: string;
  readonly clusterHash: string;
  readonly memory: RightsMemory;
  /** Of the operator's role and those of the server's administrators. */
  readonly administratorNames: readonly string[];
}

/**
 * Looks at the rights of some users in the session's database, and answers in the order in which they were asked for. Users that were found in order are not looked at again while the
 * database's fingerprint is the same. Never writes. Throws ConnectionError.
 */
export async function lookAtRights(
  session: Session,
  questions: readonly RightsQuestion[],
  options: LookOptions,
): Promise<readonly Answer<RightsObservation>[]> {
  const { signal } = options;
  const answers = questions.map((question) => requestOf(question, options, session.majorVersion));
  const requests = answers.flatMap((answer) => (answer.ok ? [answer.result] : []));
  const look = (some: readonly RightsRequest[]) => session.reading(() => observe(session, some, options), { signal });
  const looks = requests.length > 0 ? await togetherOrAlone(requests, look, () => session.isUsable) : [];
  const found = new Map(requests.map((request, index) => [request, looks[index]!]));
  return answers.map((answer) => (answer.ok ? found.get(answer.result)! : answer));
}

async function observe(
  session: Session,
  requests: readonly RightsRequest[],
  { host, memory, signal }: LookOptions,
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

/** What a spec asks for that this version of the server can't give fails alone, and nobody is looked at in vain. */
function requestOf({ request, roleOid }: RightsQuestion, options: LookOptions, majorVersion: number): Answer<RightsRequest> {
  const { database, userName, knownTriggers, access } = request;
  const { clusterHash, administratorNames } = options;
  try {
    const promised = promisedBy(access, majorVersion);
    const result = { database, userName, roleOid, promised, clusterHash, knownTriggers, administratorNames: administratorNames.toSorted() };
    return { ok: true, result };
  } catch (error) {
    return { ok: false, error };
  }
}
