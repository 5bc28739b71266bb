import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { Certificate } from '../certificates.ts';

/** How the user of a kubeconfig logs in. A token file is read anew by the client from time to time. */
export type KubeconfigUser =
  | { readonly name: string; readonly certificate: Certificate }
  | { readonly name: string; readonly tokenFile: string; readonly reader: TokenFileReader };

/**
 * Who is to read the token file: the two have no spelling in common.
 * - `client-node`: @kubernetes/client-node, dist/file_auth.js in its package.
 * - `client-go`: kubectl and whatever else is written in Go, https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo
 */
export type TokenFileReader = 'client-node' | 'client-go';

/** Writes a kubeconfig with one cluster, user and context to `path`, readable by this user only. */
export async function writeKubeconfig(
  path: string,
  cluster: { readonly url: string; readonly caPem: string },
  user: KubeconfigUser,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sandbox', cluster: { server: cluster.url, 'certificate-authority-data': base64(cluster.caPem) } }],
    users: [{ name: user.name, user: authentication(user) }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user: user.name } }],
    'current-context': 'sandbox',
  };
  await writeFile(path, stringify(kubeconfig), { mode: 0o600, signal });
}

function authentication(user: KubeconfigUser) {
  if ('certificate' in user)
    return { 'client-certificate-data': base64(user.certificate.cert), 'client-key-data': base64(user.certificate.key) };
  switch (user.reader) {
    case 'client-node':
      return { 'auth-provider': { name: 'tokenFile', config: { tokenFile: user.tokenFile } } };
    case 'client-go':
      return { tokenFile: user.tokenFile };
    default:
      return user.reader satisfies never;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
