import { inSync, type StagePlan, type Step } from '../api/step.ts';
import type { FederatedCredential } from '../azure/federated-credentials.ts';
import type { AzureCalls } from '../azure/reads.ts';
import { requiredResourceId } from '../azure/required-resource-id.ts';
import { parseResourceId, type ResourceId, resourcePath, sameResource } from '../azure/resource-id.ts';
import type { ApplyOptions, Cancellable } from '../targets/target.ts';
import { type FederationStep, isOurCredential, planFederation, tokenExchangeAudience } from './federated-credential.ts';
import type { FormerFederation, IdentityKind, IdentityRequest, ResolvedIdentity } from './identity.ts';

/** The calls to Azure that user-assigned identities need. */
export type UserAssignedCalls = Pick<
  AzureCalls,
  'readIdentity' | 'findIdentityByClientId' | 'listFederatedCredentials' | 'putFederatedCredential' | 'deleteFederatedCredential'
>;

interface UserAssignedObservation {
  readonly credentials: readonly FederatedCredential[];
  /** Credentials of ours on identities that the connection used before. */
  readonly former: readonly { readonly identity: ResourceId; readonly credential: FederatedCredential }[];
}

/** Identities of type UserAssigned, and their federation with a service account. */
export function createUserAssigned(calls: UserAssignedCalls): IdentityKind {
  return { type: 'UserAssigned', resolve, observe, plan, apply, release };

  async function resolve(request: IdentityRequest, { signal }: Cancellable): Promise<ResolvedIdentity | undefined> {
    const { resourceId, clientId, subscriptionId } = request.spec.userAssigned ?? {};
    if (resourceId) return await calls.readIdentity(requiredResourceId(resourceId, 'userAssignedIdentity'), { signal });
    if (clientId && subscriptionId) return await calls.findIdentityByClientId(subscriptionId, clientId, { signal });
    return undefined;
  }

  async function observe(request: IdentityRequest, identity: ResolvedIdentity, { signal }: Cancellable): Promise<UserAssignedObservation> {
    const { federation } = request;
    if (!federation) return { credentials: [], former: [] };
    const credentials = await calls.listFederatedCredentials(identity.resourceId, { signal });
    const former = request.former.filter((each) => !isSame(each, { identity: identity.resourceId, federation }));
    const left = await Promise.all(former.map((each) => ourCredentials(each, { signal })));
    return { credentials, former: left.flat() };
  }

  async function ourCredentials({ identity, federation }: FormerFederation, { signal }: Cancellable) {
    const credentials = await calls.listFederatedCredentials(identity, { signal });
    return credentials.filter((credential) => isOurCredential(credential, federation)).map((credential) => ({ identity, credential }));
  }

  function plan(request: IdentityRequest, identity: ResolvedIdentity, observation: unknown): StagePlan<FederationStep> {
    if (!request.federation) return inSync;
    const { credentials, former } = observation as UserAssignedObservation;
    const wanted = planFederation(identity.resourceId, credentials, request.federation);
    return {
      // the former ones first: once the new one is there, nothing names them any more
      steps: [...former.map(({ identity, credential }) => deletion(identity, credential.name)), ...wanted.steps],
      findings: wanted.findings,
    };
  }

  async function apply(steps: readonly Step[], _request: IdentityRequest, { beforeStep, signal }: ApplyOptions): Promise<void> {
    for (const step of steps as readonly FederationStep[]) {
      beforeStep(step);
      switch (step.kind) {
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
    const { resourceId } = request.spec.userAssigned ?? {};
    // an id that is none was never allowed, and must not hold up what was
    const isNone = resourceId !== undefined && !parseResourceId(resourceId, 'userAssignedIdentity').ok;
    const current = isNone ? undefined : await resolve(request, { signal });
    const own = current && { identity: current.resourceId, federation };
    const others = former.filter((each) => !own || !isSame(each, own));
    for (const each of own && !shared ? [own, ...others] : others) {
      for (const { identity, credential } of await ourCredentials(each, { signal }))
        await calls.deleteFederatedCredential(identity, credential.name, { signal });
    }
  }
}

function isSame(a: FormerFederation, b: FormerFederation): boolean {
  return sameResource(a.identity, b.identity) && a.federation.subject === b.federation.subject;
}

function deletion(identity: ResourceId, credential: string): FederationStep {
  const summary = `DELETE ${resourcePath(identity)}/federatedIdentityCredentials/${credential}`;
  return { stage: 'identity', kind: 'delete-federated-credential', identity, credential, summary };
}
