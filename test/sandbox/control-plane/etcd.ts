import { join } from 'node:path';
import { SupervisedProcess } from './child-process.ts';

/**
 * Where etcd serves, for a client in the same working directory: a socket there whose name is `clients:0`, as etcd wants a host and a port in every URL. Only who may enter the
 * directory reaches it, which needs no certificates, and the length of the directory's path does not matter.
 */
export const etcdEndpoint = 'unix://clients:0';
const peers = 'unix://peers:0';

/** Starts an etcd with one member, without waiting until it serves. Its data are not forced to the disk: after a crash of the machine they are worth nothing. */
export async function startEtcd(
  program: string,
  directory: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<SupervisedProcess> {
  return SupervisedProcess.start(
    {
      name: 'etcd',
      program,
      args: [
        '--name=sandbox',
        '--data-dir=etcd',
        `--listen-client-urls=${etcdEndpoint}`,
        `--advertise-client-urls=${etcdEndpoint}`,
        `--listen-peer-urls=${peers}`,
        `--initial-advertise-peer-urls=${peers}`,
        `--initial-cluster=sandbox=${peers}`,
        '--unsafe-no-fsync',
        '--log-level=warn',
      ],
      directory,
      logFile: join(directory, 'etcd.log'),
    },
    { signal },
  );
}
