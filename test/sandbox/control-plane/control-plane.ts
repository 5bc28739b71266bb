import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import type { Log } from '../cache.ts';
import type { Authority, Certificate } from '../certificates.ts';
import type { Binaries } from './binaries.ts';
import type { SupervisedProcess } from './child-process.ts';
import { startEtcd } from './etcd.ts';
import { freePort } from './free-port.ts';
import { startKubeApiserver } from './kube-apiserver.ts';
import { type TokenFileReader, writeKubeconfig } from './kubeconfig.ts';
import { KubernetesApi } from './kubernetes-api.ts';

/** A Kubernetes of our own: a real API server with its store, and nothing else, so no controllers and no nodes. */
export interface ControlPlane {
  readonly url: string;
  /** The `iss` of service-account tokens; discovery and keys are to be had there without logging in. */
  readonly issuer: string;
  readonly caPem: string;
  /** Path of a kubeconfig of the administrator, for kubectl and everything else. */
  readonly adminKubeconfig: string;
  /** The administrator's client certificate, in group system:masters. */
  readonly admin: Certificate;
  /** The API as the administrator. */
  readonly api: KubernetesApi;
  /** Resolves when a part of it ended without being asked to, with an error that quotes its log. */
  readonly failure: Promise<Error>;
  /** Writes a kubeconfig to `path` for who logs in with the token in `tokenFile`. */
  kubeconfigFor(
    user: { readonly name: string; readonly tokenFile: string; readonly path: string; readonly reader?: TokenFileReader },
    options: { readonly signal: AbortSignal },
  ): Promise<void>;
  /** Stops it and waits until it has ended, which takes two or three seconds. Once the signal is aborted it is killed. */
  stop(options: { readonly signal: AbortSignal }): Promise<void>;
}

interface Options {
  readonly binaries: Binaries;
  /** Made when missing, and for this user only from then on. What an earlier control plane stored there is removed; no other may be running in it. */
  readonly directory: string;
  readonly authority: Authority;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

const address = '127.0.0.1';
const readyWithinInMs = 60_000;
const readyCheckInMs = 50;

/**
 * Starts etcd and kube-apiserver and waits until they are ready: RBAC, admission policies and the OIDC issuer work then. They end with this process, however it ends.
 * Rejects with the end of the log of whichever did not come up, and leaves nothing running then.
 */
export async function startControlPlane({
  binaries,
  directory,
  authority,
  log,
  signal,
  clock = systemClock,
}: Options): Promise<ControlPlane> {
  const startedAt = clock.now();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await rm(join(directory, 'etcd'), { recursive: true, force: true });

  const port = await freePort({ signal });
  const cluster = { url: `https://${address}:${port}`, caPem: authority.pem };
  const serving = await authority.issue({ commonName: 'kube-apiserver', ipAddresses: [address], dnsNames: ['localhost'] });
  const admin = await authority.issue({ commonName: 'sandbox-admin', organization: 'system:masters', client: true });
  const api = new KubernetesApi(cluster.url, cluster.caPem, admin);

  const processes: SupervisedProcess[] = [];
  const stop: ControlPlane['stop'] = async (options) => {
    await api.close();
    for (const process of processes.toReversed()) await process.stop(options);
  };
  try {
    processes.push(await startEtcd(binaries.etcd, directory, { signal }));
    processes.push(await startKubeApiserver({ program: binaries.kubeApiserver, directory, port, serving, caPem: authority.pem, signal }));
    const failure = Promise.race(processes.map((process) => process.failure));
    const ended = new AbortController();
    void failure.then((error) => ended.abort(error));
    await untilReady(api, { clock, signal: AbortSignal.any([signal, ended.signal]) });
    await letAnybodyReadIssuer(api, { signal });
    const adminKubeconfig = join(directory, 'admin.kubeconfig');
    await writeKubeconfig(adminKubeconfig, cluster, { name: 'sandbox-admin', certificate: admin }, { signal });
    log(`Kubernetes is ready at ${cluster.url} after ${((clock.now() - startedAt) / 1000).toFixed(1)} s`);
    return {
      ...cluster,
      issuer: cluster.url,
      adminKubeconfig,
      admin,
      api,
      failure,
      kubeconfigFor: ({ path, reader = 'client-node', ...user }, options) => writeKubeconfig(path, cluster, { ...user, reader }, options),
      stop,
    };
  } catch (error) {
    await stop({ signal: AbortSignal.abort() });
    throw error;
  }
}

/** Throws an Error that names what is not ready after a minute. */
async function untilReady(api: KubernetesApi, { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<void> {
  const giveUpAt = clock.now() + readyWithinInMs;
  for (;;) {
    const answer = await api.answer('GET', '/readyz?verbose', {}, { signal }).catch((error: Error) => {
      signal.throwIfAborted();
      return { status: 0, body: `${error.message}: ${error.cause}` };
    });
    if (answer.status === 200) return;
    if (clock.now() >= giveUpAt) throw new Error(`kube-apiserver is not ready after ${readyWithinInMs / 1000} s:\n${answer.body}`);
    await clock.sleep(readyCheckInMs, signal);
  }
}

/** The role is there by default, bound to service accounts only: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery */
async function letAnybodyReadIssuer(api: KubernetesApi, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const body = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'sandbox:anybody-reads-the-issuer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:service-account-issuer-discovery' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:unauthenticated' }],
  };
  await api.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { body }, { signal });
}
