import { ConnectionError } from '../api/connection-error.ts';
import { inSync, type StagePlan, type Step } from '../api/step.ts';
import type { FederatedCredential } from '../azure/federated-credentials.ts';
import type { FoundIdentity } from '../azure/identities.ts';
import type { AzureCalls } from '../azure/reads.ts';
import { requiredResourceId } from '../azure/required-resource-id.ts';
import { parseResourceId, type ResourceId, resourceName, resourcePath } from '../azure/resource-id.ts';
import { type Claim, claimTexts, TagMark, tagChanges } from '../azure/tag-mark.ts';
import type { ApplyOptions, Cancellable } from '../targets/target.ts';
import { type FederationStep, planFederation, tokenExchangeAudience } from './federated-credential.ts';
import { endFederations, type FoundFederation, federationDeletion, findFederations, isSameFederation } from './former-federations.ts';
import type { IdentityKind, IdentityRequest, ResolvedIdentity } from './identity.ts';

/** The calls to Azure that user-assigned identities need. */
export type UserAssignedCalls = Pick<
  AzureCalls,
  | 'readIdentity'
  | 'findIdentityByClientId'
  | 'createIdentity'
  | 'deleteIdentity'
  | 'listFederatedCredentials'
  | 'putFederatedCredential'
  | 'deleteFederatedCredential'
>;

type CreationStep = Step & { readonly kind: 'create-identity'; readonly identity: ResourceId; readonly location: string };

interface UserAssignedObservation {
  readonly credentials: readonly FederatedCredential[];
  /** Credentials of ours on identities that the connection used before. */
  readonly former: readonly FoundFederation[];
}

const created: Claim = { kind: 'created' };

/** Identities of type UserAssigned, and their federation with a service account. */
export function createUserAssigned(calls: UserAssignedCalls): IdentityKind {
  return { type: 'UserAssigned', resolve, planMissing, observe, plan, apply, release, discard };

  async function resolve(request: IdentityRequest, { signal }: Cancellable): Promise<ResolvedIdentity | undefined> {
    const found = await find(request, { signal });
    if (found && request.spec.userAssigned?.create) refuseForeign(request, found);
    if (!found) return undefined;
    const { tags: _tags, ...resolved } = found;
    return resolved;
  }

  async function find(request: IdentityRequest, { signal }: Cancellable): Promise<FoundIdentity | undefined> {
    const { resourceId, clientId, subscriptionId } = request.spec.userAssigned ?? {};
    if (resourceId) return await calls.readIdentity(requiredResourceId(resourceId, 'userAssignedIdentity'), { signal });
    if (clientId && subscriptionId) return await calls.findIdentityByClientId(subscriptionId, clientId, { signal });
    return undefined;
  }

  async function observe(request: IdentityRequest, identity: ResolvedIdentity, { signal }: Cancellable): Promise<UserAssignedObservation> {
    const { federation } = request;
    if (!federation) return { credentials: [], former: [] };
    const own = { identity: idOf(identity), federation };
    const credentials = await calls.listFederatedCredentials(own.identity, { signal });
    const former = request.former.filter((each) => !isSameFederation(each, own));
    return { credentials, former: await findFederations(calls, former, { signal }) };
  }

  function plan(request: IdentityRequest, identity: ResolvedIdentity, observation: unknown): StagePlan<FederationStep> {
    if (!request.federation) return inSync;
    const { credentials, former } = observation as UserAssignedObservation;
    const wanted = planFederation(idOf(identity), credentials, request.federation);
    // the former ones first: once the new one is there, nothing names them any more
    return { steps: [...former.map(federationDeletion), ...wanted.steps], findings: wanted.findings };
  }

  async function apply(steps: readonly Step[], request: IdentityRequest, { beforeStep, signal }: ApplyOptions): Promise<void> {
    for (const step of steps as readonly (FederationStep | CreationStep)[]) {
      beforeStep(step);
      switch (step.kind) {
        case 'create-identity':
          await calls.createIdentity(step.identity, { location: step.location, tags: creationTags(request) }, { signal });
          break;
        case 'put-federated-credential':
          await calls.putFederatedCredential(
            step.identity,
            { name: step.credential, ...step.federation, audiences: [tokenExchangeAudience] },
            { signal },
          );
          break;
        case 'delete-federated-credential':
          await calls.deleteFederatedCredential(step.identity, step.credential, { signal });
          break;
        default:
          step satisfies never;
      }
    }
  }

  async function release(request: IdentityRequest, { signal }: Cancellable): Promise<void> {
    const { federation, shared, former } = request;
    if (!federation) return;
    const current = await findIfAny(request, { signal });
    const own = current && { identity: current.resourceId, federation };
    const others = former.filter((each) => !own || !isSameFederation(each, own));
    await endFederations(calls, own && !shared ? [own, ...others] : others, { signal });
  }

  async function discard(request: IdentityRequest, { signal }: Cancellable): Promise<void> {
    if (!request.spec.userAssigned?.create || request.identityShared) return;
    const current = await findIfAny(request, { signal });
    if (current && new TagMark(current.tags, request.owner).has(created)) await calls.deleteIdentity(current.resourceId, { signal });
  }

  /** An id that is none was never allowed, and must not hold up what was. */
  async function findIfAny(request: IdentityRequest, { signal }: Cancellable): Promise<FoundIdentity | undefined> {
    const { resourceId } = request.spec.userAssigned ?? {};
    if (resourceId !== undefined && !parseResourceId(resourceId, 'userAssignedIdentity').ok) return undefined;
    return await find(request, { signal });
  }
}

/** What makes the identity, where the spec asks for that. Pure. */
function planMissing({ spec }: IdentityRequest): StagePlan<CreationStep> {
  const { resourceId, create } = spec.userAssigned ?? {};
  if (!resourceId || !create) return inSync;
  const identity = requiredResourceId(resourceId, 'userAssignedIdentity');
  const { location } = create;
  const summary = `PUT ${resourcePath(identity)} (location ${location})`.slice(0, 1024);
  return { steps: [{ stage: 'identity', kind: 'create-identity', identity, location, summary }], findings: [] };
}

/** One that another connection made is that one's, and goes with it (threat-model I7); one that a person made may be used. */
function refuseForeign({ owner }: IdentityRequest, { resourceId, tags }: FoundIdentity): void {
  const mark = new TagMark(tags, owner);
  if (!mark.isOthers(created)) return;
  throw new ConnectionError(
    'stalled',
    'IdentityNotOwned',
    `identity "${resourceName(resourceId)}" was made for another PasswordlessConnection: leave spec.identity.userAssigned.create out, or name another one`,
  );
}

function creationTags({ owner }: IdentityRequest): Readonly<Record<string, string>> {
  const tags = tagChanges({}, owner, claimTexts([created], owner)) ?? {};
  return Object.fromEntries(Object.entries(tags).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

function idOf({ resourceId }: ResolvedIdentity): ResourceId {
  if (!resourceId) throw new Error('a user-assigned identity without a resource id');
  return resourceId;
}
