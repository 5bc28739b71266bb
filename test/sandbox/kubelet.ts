import { rename, writeFile } from 'node:fs/promises';
import type { Clock } from '../../src/runtime/clock.ts';
import type { Log } from './cache.ts';
import type { KubernetesApi } from './control-plane/kubernetes-api.ts';

/** A token of a service account, for Kubernetes itself when there is no audience. */
export interface ProjectedToken {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience?: string;
  readonly path: string;
}

/** What the kubelet asks for by default, and when it asks anew: https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken */
const lifetimeInSeconds = 3_600;
const renewAfterInMs = 0.8 * lifetimeInSeconds * 1_000;

/** Does what the kubelet does for a pod's projected tokens: writes them, and writes new ones in time, until the signal. Resolves when the first ones are there. */
export async function projectTokens(
  api: KubernetesApi,
  tokens: readonly ProjectedToken[],
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  const writeAll = () => Promise.all(tokens.map((token) => write(api, token, { signal })));
  await writeAll();
  const renew = async () => {
    for (;;) {
      await clock.sleep(renewAfterInMs, signal);
      await writeAll();
    }
  };
  renew().catch((error: unknown) => {
    if (!signal.aborted) log(`the operator's tokens are no longer renewed: ${error}`);
  });
}

/** A token of a service account, as its pods get it. */
export async function requestToken(
  api: KubernetesApi,
  { namespace, serviceAccount, audience }: Omit<ProjectedToken, 'path'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  const spec = { expirationSeconds: lifetimeInSeconds, ...(audience && { audiences: [audience] }) };
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const answer = await api.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, { body }, { signal });
  return answer.status.token;
}

async function write(api: KubernetesApi, token: ProjectedToken, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const text = await requestToken(api, token, { signal });
  // never a half-written one
  await writeFile(`${token.path}.new`, text, { mode: 0o600, signal });
  await rename(`${token.path}.new`, token.path);
}
