import type { KubeClient } from '../runtime/kube-client.ts';
import { secretText } from '../runtime/secret-text.ts';
import { isForbidden } from '../runtime/status-error.ts';
import type { OwnerCredentials, Unusable } from '../targets/owner-credentials.ts';
import type { Cancellable } from '../targets/target.ts';
import { secrets } from '../workloads/apply-secret.ts';
import type { Secret } from '../workloads/secret.ts';

/** https://kubernetes.io/docs/concepts/configuration/secret/#basic-authentication-secret */
const basicAuth = 'kubernetes.io/basic-auth';

/**
 * Reads the login of an owner from a Secret in the operator's own namespace, where only the platform writes. Reads it anew each time. Throws StatusError when
 * Kubernetes doesn't answer.
 */
export async function readOwnerCredentials(
  client: KubeClient,
  key: { readonly namespace: string; readonly name: string },
  { signal }: Cancellable,
): Promise<OwnerCredentials | Unusable> {
  try {
    return credentialsIn(await client.get(secrets, key, { signal }));
  } catch (error) {
    if (isForbidden(error)) return unusable('the operator may not read its Secret');
    throw error;
  }
}

/** The login that a Secret holds, or why it is none. Pure. */
export function credentialsIn(secret: Secret | undefined): OwnerCredentials | Unusable {
  if (!secret) return unusable('its Secret is not there');
  if (secret.type !== basicAuth) return unusable(`its Secret is not of type ${basicAuth}`);
  const [userName, password] = [textOf(secret, 'username'), textOf(secret, 'password')];
  if (!userName || !password) return unusable('its Secret lacks username or password');
  const { uid, resourceVersion } = secret.metadata;
  return { kind: 'credentials', userName, password: secretText(password), version: `${uid} ${resourceVersion}` };
}

function unusable(why: string): Unusable {
  return { kind: 'unusable', why };
}

function textOf({ data }: Secret, key: string): string {
  return Buffer.from(data?.[key] ?? '', 'base64').toString();
}
