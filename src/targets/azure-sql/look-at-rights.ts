import { type Answer, togetherOrAlone } from '../gathering.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { observeRights, type RightsRequest } from './observe-rights.ts';
import { promisedBy } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import type { Session } from './session.ts';

export interface RightsQuestion {
  readonly request: TargetRequest;
  /** Of the principal. */
  readonly userId: number;
}

/** Looks at the rights of some users in the session's database, and answers in the order in which they were asked for. Never writes. Throws ConnectionError. */
export async function lookAtRights(
  session: Session,
  questions: readonly RightsQuestion[],
  { signal }: Cancellable,
): Promise<readonly Answer<RightsObservation>[]> {
  const answers = questions.map(requestOf);
  const requests = answers.flatMap((answer) => (answer.ok ? [answer.result] : []));
  const look = (some: readonly RightsRequest[]) => observeRights(session, some, { signal });
  const looks = requests.length > 0 ? await togetherOrAlone(requests, look, () => session.isUsable) : [];
  const found = new Map(requests.map((request, index) => [request, looks[index]!]));
  return answers.map((answer) => (answer.ok ? found.get(answer.result)! : answer));
}

/** What a spec asks for that is never granted fails alone, and nobody is looked at in vain. */
function requestOf({ request, userId }: RightsQuestion): Answer<RightsRequest> {
  const { userName, knownTriggers, access } = request;
  try {
    return { ok: true, result: { userName, userId, promised: promisedBy(access), knownTriggers } };
  } catch (error) {
    return { ok: false, error };
  }
}
