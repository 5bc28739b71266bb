import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { KubeConfig, loadYaml } from '@kubernetes/client-node';

/**
 * The configuration of a path when one is given; else that of KUBECONFIG, of ~/.kube/config, or of the pod, in this order.
 *
 * @throws Error when the file can't be read or has no usable current context
 */
export function loadKubeConfig(path?: string): KubeConfig {
  const config = new KubeConfig();
  if (path === undefined) {
    config.loadFromDefault();
  } else {
    try {
      config.loadFromFile(path);
      rereadTokenFiles(config, path);
    } catch (error) {
      throw new Error(`the kubeconfig ${path} can't be read: ${(error as Error).message}`, { cause: error });
    }
  }
  if (config.getCurrentCluster() === null)
    throw new Error(`the kubeconfig ${path ?? 'of the environment'} has no current context with a cluster`);
  return config;
}

/** client-node 2.0.1 doesn't know `tokenFile` in a kubeconfig; its authenticator for pods reads such a file anew each minute, so the user is given that one. */
function rereadTokenFiles(config: KubeConfig, path: string): void {
  const file = loadYaml<{ users?: { name: string; user?: { tokenFile?: string } }[] }>(readFileSync(path, 'utf8'));
  const tokenFiles = new Map((file.users ?? []).flatMap(({ name, user }) => (user?.tokenFile ? [[name, user.tokenFile] as const] : [])));
  config.users = config.users.map((user) => {
    const tokenFile = tokenFiles.get(user.name);
    if (tokenFile === undefined) return user;
    return { ...user, authProvider: { name: 'tokenFile', config: { tokenFile: resolve(dirname(path), tokenFile) } } };
  });
}
