import type { Step } from '../../api/step.ts';
import type { TargetRequest } from '../target.ts';
import { applyPublicConnect } from './apply-public-connect.ts';
import { type ApplyRightsOptions, applyRights, type RightsWork } from './apply-rights.ts';
import type { OwnerLogins } from './owner-logins.ts';
import type { PublicConnectStep } from './plan-public-connect.ts';
import type { Session } from './session.ts';
import type { GrantStep } from './steps.ts';
import type { GuardedRequest } from './still-ours.ts';

/** What is to be done about one user in stage grants. */
export interface GrantsWork {
  readonly request: GuardedRequest & Pick<TargetRequest, 'ownerCredentialsSecretName'>;
  readonly steps: readonly (GrantStep | PublicConnectStep)[];
  /** Called before each step; throws when it is no longer permitted. */
  readonly beforeStep: (step: Step) => void;
}

export interface ApplyGrantsOptions extends ApplyRightsOptions {
  readonly host: string;
  readonly ownerLogins: OwnerLogins;
}

type Failures = Map<GrantsWork, unknown>;

/**
 * Carries out steps of stage grants, and answers what failed, by work: first those of the operator itself, then those that need an owner's login, and last, for users that have all
 * they shall have, those that take something from everybody. As applyRights otherwise.
 */
export async function applyGrants(session: Session, works: readonly GrantsWork[], options: ApplyGrantsOptions): Promise<Failures> {
  const failures: Failures = new Map();
  await part(works, isOurs, (some) => applyRights(session, some, options), failures);
  const bySecret = Map.groupBy(works, ({ request }) => request.ownerCredentialsSecretName);
  for (const [secretName, some] of bySecret) {
    if (secretName === undefined) continue;
    const { host, database, ownerLogins, signal } = options;
    await part(some, isTheirs, (theirs) => ownerLogins.apply(theirs, { host, database, secretName }, { signal }), failures);
  }
  for (const work of works) await closeToPublic(session, work, failures, options);
  return failures;
}

/** Carries out the steps of one sort, of those works that have some. What `apply` throws is the failure of those, and of nobody else who is served with them. */
async function part(
  works: readonly GrantsWork[],
  isMeant: (step: GrantsWork['steps'][number]) => step is GrantStep,
  apply: (works: readonly RightsWork[]) => ReturnType<typeof applyRights>,
  failures: Failures,
): Promise<void> {
  const parts = works.map((work) => ({ work, steps: work.steps.filter(isMeant) })).filter(({ steps }) => steps.length > 0);
  if (parts.length === 0) return;
  const wholes = new Map<RightsWork, GrantsWork>(parts.map(({ work, steps }) => [{ ...work, steps }, work]));
  const failed = await apply([...wholes.keys()]).catch((error: unknown) => new Map([...wholes.keys()].map((some) => [some, error])));
  for (const [some, error] of failed) {
    const whole = wholes.get(some);
    if (whole && !failures.has(whole)) failures.set(whole, error);
  }
}

function isOurs(step: GrantsWork['steps'][number]): step is GrantStep {
  return step.kind !== 'revoke-public' && !isTheirs(step);
}

function isTheirs(step: GrantsWork['steps'][number]): step is GrantStep {
  return 'through' in step && step.through !== undefined;
}

async function closeToPublic(session: Session, work: GrantsWork, failures: Failures, { signal }: ApplyGrantsOptions): Promise<void> {
  for (const step of work.steps) {
    if (step.kind !== 'revoke-public' || failures.has(work)) continue;
    try {
      work.beforeStep(step);
      await applyPublicConnect(session, step, work.request, { signal });
    } catch (error) {
      if (!session.isUsable) throw error;
      failures.set(work, error);
    }
  }
}
