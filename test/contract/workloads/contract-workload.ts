import type { ConnectionError } from '../../../src/api/connection-error.ts';
import type { ConnectionSpec, OutputSpec } from '../../../src/api/spec.ts';
import type { Step } from '../../../src/api/step.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import type { ResolvedIdentity } from '../../../src/identities/identity.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { SecretNames, Settings, WorkloadKind, WorkloadRequest } from '../../../src/workloads/workload.ts';
import { ids } from '../../unit/sandbox/world.ts';

export type Environment = Readonly<Record<string, string>>;

/** One kind of host, real or as the sandbox has it, with one workload that knows nothing of us. */
export interface ContractWorkload {
  readonly title: string;
  readonly kind: WorkloadKind;
  readonly spec: ConnectionSpec['workload'];
  /** The same for a workload that isn't there. */
  readonly missing: ConnectionSpec['workload'];
  /** What the workload finds of what it is configured with when it starts anew. */
  environment(): Promise<Environment>;
  /** Somebody else changes settings. */
  byHand(change: { readonly set?: Environment; readonly remove?: readonly string[] }): Promise<void>;
  /** How many writes have reached the host. */
  writes(): number;
  /** The next write reaches the host, and its answer gets lost. */
  loseNextAnswer(): void;
  /** Makes the workload anew, with a setting LEVEL of its owner's. */
  reset(): Promise<void>;
  /** Lets time pass until nothing that was read is believed any more. */
  skip(): void;
  stop(): Promise<void>;
}

export interface Wanted {
  readonly settings: Settings;
  readonly secretNames?: SecretNames;
  readonly identity?: ResolvedIdentity;
}

/** The connection `a`, whose workload is the host's. */
export function requestOf(
  { spec }: Pick<ContractWorkload, 'spec'>,
  changes: Partial<Omit<WorkloadRequest, 'output'>> & { readonly output?: OutputSpec } = {},
): WorkloadRequest {
  return {
    spec,
    output: {},
    namespace: 'shop',
    connection: 'a',
    uid: '11111111-0000-4000-8000-00000000000a',
    mark: { cluster: '00000000000000c1', connection: '00000000000000aa' },
    sharedWith: 'nobody',
    formerSecret: undefined,
    formerWorkload: undefined,
    ...changes,
  };
}

/** The identity that the world knows as shop-orders. */
export const shopIdentity: ResolvedIdentity = {
  resourceId: requiredResourceId(ids.shopIdentity, 'userAssignedIdentity'),
  clientId: ids.shopClient,
  principalId: ids.shopPrincipal,
  tenantId: ids.tenant,
};

const { signal } = new AbortController();

/** More rounds than any change takes, with those in which the host is busy with one. */
const maximumRounds = 60;

/** Looks, plans and applies until there is nothing to do, as a pass does. Answers the steps. */
export async function bringAbout(workload: ContractWorkload, request: WorkloadRequest, wanted: Wanted): Promise<readonly Step[]> {
  const { kind } = workload;
  const { settings, secretNames = new Set<string>(), identity = shopIdentity } = wanted;
  const context = { identity, settings, secretNames };
  const options = { beforeStep: () => {}, signal };
  const applied: Step[] = [];
  for (let round = 0; round < maximumRounds; round += 1) {
    const steps = await stepsUnlessBusy(workload, request, wanted);
    if (steps === 'busy') continue;
    if (steps.length === 0) return applied;
    await kind.apply(steps, request, context, options);
    applied.push(...steps);
  }
  throw new Error(`still not in sync: ${applied.map(({ summary }) => summary).join('; ')}`);
}

/** The queue would come back a little later. */
async function stepsUnlessBusy(workload: ContractWorkload, request: WorkloadRequest, wanted: Wanted): Promise<readonly Step[] | 'busy'> {
  try {
    return (await planNow(workload, request, wanted)).steps;
  } catch (error) {
    if ((error as ConnectionError).reason !== 'WorkloadBusy') throw error;
    await systemClock.sleep(5, signal);
    return 'busy';
  }
}

/** What is to be done next, by a look at the host as it is now. */
export async function planNow(
  { kind, skip }: ContractWorkload,
  request: WorkloadRequest,
  { settings, secretNames = new Set(), identity = shopIdentity }: Wanted,
): Promise<{ readonly steps: readonly Step[] }> {
  skip();
  const plan = kind.planIdentity(request, identity, await kind.observeIdentity(request, { signal }));
  if (plan.steps.length > 0) return plan;
  return kind.planSettings(request, settings, await kind.observeSettings(request, { signal }), secretNames);
}

/** Reason and message of the refusal; fails when there was none. */
export async function refusalOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    const { reason, kind, message } = error as ConnectionError;
    return `${kind} ${reason}: ${message}`;
  }
  throw new Error('nothing was refused');
}
