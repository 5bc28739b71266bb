import { createHash } from 'node:crypto';
import { ConnectionError } from '../api/connection-error.ts';
import { referableLabel } from '../api/names.ts';
import type { KubernetesObject } from '../api/object-meta.ts';
import { inSync, type StagePlan, type Step } from '../api/step.ts';
import type { TokenIds } from '../azure/credential.ts';
import { isGuid } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import type { Resource } from '../runtime/resource.ts';
import { type SecretText, secretText } from '../runtime/secret-text.ts';
import type { ApplyOptions, Cancellable } from '../targets/target.ts';
import {
  endFederations,
  type FederationCalls,
  type FederationDeletion,
  type FoundFederation,
  federationDeletion,
  findFederations,
} from './former-federations.ts';
import type { IdentityKind, IdentityRequest, ResolvedIdentity } from './identity.ts';

type Secret = KubernetesObject & { readonly data?: Readonly<Record<string, string>> };

const secrets: Resource<Secret> = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

/** How long ids that a token proved are believed without another one, while the secret stays the same. */
const provenForMs = 60 * 60_000;

export interface ServicePrincipalDeps {
  readonly client: KubeClient;
  readonly calls: FederationCalls;
  /** The operator's own tenant: a secret is sent to no other. */
  readonly tenantId: string;
  /** Whose a token is that the secret gives. Throws ConnectionError TokenRefused. */
  readonly idsOf: (clientId: string, secret: SecretText, options: Cancellable) => Promise<TokenIds>;
  readonly clock: Clock;
}

/** Identities of type ServicePrincipal: an application with a client secret, which a Secret of the namespace holds. */
export function createServicePrincipal({ client, calls, tenantId, idsOf, clock }: ServicePrincipalDeps): IdentityKind {
  /** When which ids were last proved, by a hash of client id and secret. */
  const proven = new Map<string, { readonly ids: TokenIds; readonly until: number }>();
  return { type: 'ServicePrincipal', resolve, planMissing: () => inSync, observe, plan, apply, release, discard: async () => {} };

  async function resolve(request: IdentityRequest, { signal }: Cancellable): Promise<ResolvedIdentity> {
    const named = request.spec.servicePrincipal;
    if (!named || ![named.tenantId, named.clientId, named.objectId].every(isGuid))
      throw mismatch('spec.identity.servicePrincipal names no service principal: its ids are GUIDs');
    if (named.tenantId.toLowerCase() !== tenantId)
      throw mismatch('spec.identity.servicePrincipal.tenantId is not the tenant of the operator');
    const clientSecret = await readClientSecret(request, named.clientSecretRef, { signal });
    const { clientId, objectId } = await proveIds(named.clientId.toLowerCase(), clientSecret, { signal });
    if (clientId !== named.clientId.toLowerCase() || objectId !== named.objectId.toLowerCase()) {
      throw mismatch(
        'a token made with the client secret is of another service principal than spec.identity.servicePrincipal says: objectId is that of the Enterprise application, not of the app registration',
      );
    }
    return { resourceId: undefined, clientId, principalId: objectId, tenantId, clientSecret };
  }

  async function readClientSecret(
    { namespace }: IdentityRequest,
    { name, key }: { readonly name: string; readonly key: string },
    { signal }: Cancellable,
  ): Promise<SecretText> {
    if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) throw unusable(name, 'can have no such name');
    const secret = await client.get(secrets, { namespace, name }, { signal });
    if (!secret) throw unusable(name, 'is not in this namespace: create it');
    // who may write connections may not always read Secrets; the label is the word of somebody who may (threat-model S2)
    if (secret.metadata.labels?.[referableLabel] !== 'true') throw unusable(name, `lacks the label ${referableLabel}: "true"`);
    const value = Object.hasOwn(secret.data ?? {}, key)
      ? Buffer.from(secret.data?.[key] ?? '', 'base64')
          .toString('utf8')
          .trim()
      : '';
    if (value === '') throw unusable(name, `has nothing under the key "${key}"`);
    return secretText(value);
  }

  async function proveIds(clientId: string, secret: SecretText, { signal }: Cancellable): Promise<TokenIds> {
    const key = createHash('sha256').update(`${clientId}\n${secret.reveal()}`).digest('hex');
    const now = clock.now();
    const known = proven.get(key);
    if (known && known.until > now) return known.ids;
    for (const [each, { until }] of proven) if (until <= now) proven.delete(each);
    const ids = await idsOf(clientId, secret, { signal });
    proven.set(key, { ids, until: now + provenForMs });
    return ids;
  }

  /** What is left of the federations of an identity that the connection had before. */
  async function observe({ former }: IdentityRequest, _identity: ResolvedIdentity, { signal }: Cancellable) {
    return await findFederations(calls, former, { signal });
  }

  function plan(_request: IdentityRequest, _identity: ResolvedIdentity, observation: unknown): StagePlan<FederationDeletion> {
    return { steps: (observation as readonly FoundFederation[]).map(federationDeletion), findings: [] };
  }

  async function apply(steps: readonly Step[], _request: IdentityRequest, { beforeStep, signal }: ApplyOptions): Promise<void> {
    for (const step of steps as readonly FederationDeletion[]) {
      beforeStep(step);
      await calls.deleteFederatedCredential(step.identity, step.credential, { signal });
    }
  }

  async function release({ former }: IdentityRequest, { signal }: Cancellable): Promise<void> {
    await endFederations(calls, former, { signal });
  }
}

function mismatch(message: string): ConnectionError {
  return new ConnectionError('stalled', 'IdentityMismatch', message);
}

function unusable(name: string, problem: string): ConnectionError {
  return new ConnectionError(
    'waiting',
    'ClientSecretNotFound',
    `Secret "${name}" of spec.identity.servicePrincipal.clientSecretRef ${problem}`,
  );
}
