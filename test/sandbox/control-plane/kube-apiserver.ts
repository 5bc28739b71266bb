import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from '../certificates.ts';
import { SupervisedProcess } from './child-process.ts';
import { etcdEndpoint } from './etcd.ts';

interface KubeApiserverOptions {
  readonly program: string;
  /** Where etcd has its socket. */
  readonly directory: string;
  readonly port: number;
  readonly serving: Certificate;
  /** Who may vouch for client certificates. */
  readonly caPem: string;
  readonly signal: AbortSignal;
}

/** What anybody may ask without proving who it is: an OIDC issuer is useless otherwise, and so are health checks. RBAC must allow it as well. */
const anonymousPaths = ['/.well-known/openid-configuration', '/openid/v1/jwks', '/livez', '/readyz', '/healthz'];

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration */
const authenticationConfiguration = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AuthenticationConfiguration',
  anonymous: { enabled: true, conditions: anonymousPaths.map((path) => ({ path })) },
};

/** Starts kube-apiserver, without waiting until it serves. It issues the tokens of service accounts with a key that is made anew each time. */
export async function startKubeApiserver(options: KubeApiserverOptions): Promise<SupervisedProcess> {
  const { program, directory, port, serving, caPem, signal } = options;
  const serviceAccounts = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const files = {
    'ca.pem': caPem,
    'serving.pem': serving.cert,
    'serving.key': serving.key,
    'service-accounts.pem': serviceAccounts.publicKey,
    'service-accounts.key': serviceAccounts.privateKey,
    'authentication.json': JSON.stringify(authenticationConfiguration),
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(directory, name), text, { mode: 0o600, signal })));
  return SupervisedProcess.start(
    {
      name: 'kube-apiserver',
      program,
      args: [
        `--etcd-servers=${etcdEndpoint}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        `--secure-port=${port}`,
        '--endpoint-reconciler-type=none',
        '--service-cluster-ip-range=10.0.0.0/24',
        '--tls-cert-file=serving.pem',
        '--tls-private-key-file=serving.key',
        '--client-ca-file=ca.pem',
        '--authentication-config=authentication.json',
        '--authorization-mode=RBAC',
        `--service-account-issuer=https://127.0.0.1:${port}`,
        '--service-account-key-file=service-accounts.pem',
        '--service-account-signing-key-file=service-accounts.key',
        '--disable-admission-plugins=ServiceAccount', // nothing here makes the default service accounts that it asks for
        '--profiling=false',
      ],
      // a laptop has memory to spare sooner than time
      env: { GOGC: '300' },
      directory,
      logFile: join(directory, 'kube-apiserver.log'),
    },
    { signal },
  );
}
