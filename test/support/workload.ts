import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { WorkloadIdentityCredential } from '@azure/identity';
import pg from 'pg';
import type { KubernetesApi } from '../sandbox/control-plane/kubernetes-api.ts';
import { requestToken } from '../sandbox/kubelet.ts';

/** Settings as a container would have them in its environment. */
export type Environment = Readonly<Record<string, string>>;

/** What a token for PostgreSQL and MySQL is asked for. */
export const databaseScope = 'https://ossrdbms-aad.database.windows.net/.default';

/** Makes this process trust the sandbox's authority, as a pod's image trusts Azure's. */
export function trust(pem: string): void {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), pem]);
}

/** What the pod's container gets from its Secret with envFrom. */
export async function readSettings(
  api: KubernetesApi,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { signal }: { readonly signal: AbortSignal },
): Promise<Environment> {
  const secret = await api.request('GET', `/api/v1/namespaces/${namespace}/secrets/${name}`, {}, { signal });
  const data = (secret.data ?? {}) as Record<string, string>;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}

/** What azure-workload-identity's webhook injects into pods of a service account: ids from its annotations, and the authority of the cloud. */
export async function injectedBy(
  api: KubernetesApi,
  { namespace, serviceAccount, authority }: { readonly namespace: string; readonly serviceAccount: string; readonly authority: string },
  { signal }: { readonly signal: AbortSignal },
): Promise<Environment> {
  const account = await api.request('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`, {}, { signal });
  const annotations = (account.metadata.annotations ?? {}) as Record<string, string>;
  return {
    AZURE_CLIENT_ID: annotations['azure.workload.identity/client-id'] ?? '',
    AZURE_TENANT_ID: annotations['azure.workload.identity/tenant-id'] ?? '',
    AZURE_AUTHORITY_HOST: authority,
  };
}

/** The workload's database token, for PostgreSQL and MySQL where no scope is named: its service-account token, exchanged at Entra by the library that applications use. */
export async function databaseToken(
  api: KubernetesApi,
  account: { readonly namespace: string; readonly serviceAccount: string },
  injected: Environment,
  { signal, scope = databaseScope }: { readonly signal: AbortSignal; readonly scope?: string },
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dbaccess-workload-'));
  try {
    const tokenFilePath = join(directory, 'token');
    const assertion = await requestToken(api, { ...account, audience: 'api://AzureADTokenExchange' }, { signal });
    await writeFile(tokenFilePath, assertion, { mode: 0o600 });
    const credential = new WorkloadIdentityCredential({
      tenantId: injected['AZURE_TENANT_ID'] ?? '',
      clientId: injected['AZURE_CLIENT_ID'] ?? '',
      authorityHost: injected['AZURE_AUTHORITY_HOST'] ?? '',
      tokenFilePath,
      disableInstanceDiscovery: true,
      retryOptions: { maxRetries: 0 },
    });
    return (await credential.getToken(scope, { abortSignal: signal })).token;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Logs in with the settings of client type NodeJS and the token as password. Rejects with the server's refusal. */
export async function logIn(settings: Environment, token: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: settings['AZURE_POSTGRESQL_HOST'] ?? '',
    port: Number(settings['AZURE_POSTGRESQL_PORT']),
    user: settings['AZURE_POSTGRESQL_USER'] ?? '',
    database: settings['AZURE_POSTGRESQL_DATABASE'] ?? '',
    ssl: settings['AZURE_POSTGRESQL_SSL'] === 'true',
    password: token,
    connectionTimeoutMillis: 15_000,
  });
  // a session that the operator ends says so here, and the query in flight fails by itself
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
