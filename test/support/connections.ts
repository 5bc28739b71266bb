import type { PasswordlessConnection } from '../../src/api/connection.generated.ts';
import { apiVersion } from '../../src/api/names.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { KubernetesApi } from '../sandbox/control-plane/kubernetes-api.ts';

/** Which connection is meant. */
export interface ConnectionKey {
  readonly namespace: string;
  readonly name: string;
}

type Condition = { type: string; status: string; reason: string; message: string; observedGeneration?: number };

const checkEveryInMs = 50;

/** The path of a connection at the API server. */
export function connectionPath({ namespace, name }: ConnectionKey): string {
  return `/apis/${apiVersion}/namespaces/${namespace}/passwordlessconnections/${name}`;
}

/** The connection, or undefined when it isn't there. */
export async function readConnection(
  api: KubernetesApi,
  key: ConnectionKey,
  { signal }: { readonly signal: AbortSignal },
): Promise<PasswordlessConnection | undefined> {
  const { status, body } = await api.answer('GET', connectionPath(key), {}, { signal });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`GET ${connectionPath(key)}: ${status}`);
  return body;
}

export function conditionOf(connection: PasswordlessConnection | undefined, type: string): Condition | undefined {
  return connection?.status?.conditions?.find((condition) => condition.type === type) as Condition | undefined;
}

/** Waits until the connection is as asked for. Rejects after `withinInMs` with the conditions that it has then. */
export async function waitForConnection(
  api: KubernetesApi,
  key: ConnectionKey,
  is: (connection: PasswordlessConnection | undefined) => boolean,
  { signal, withinInMs = 30_000 }: { readonly signal: AbortSignal; readonly withinInMs?: number },
): Promise<PasswordlessConnection | undefined> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(withinInMs)]);
  let last: PasswordlessConnection | undefined;
  while (!deadline.aborted) {
    last = await readConnection(api, key, { signal });
    if (is(last)) return last;
    await systemClock.sleep(checkEveryInMs, deadline).catch(() => undefined);
  }
  signal.throwIfAborted();
  const conditions = (last?.status?.conditions ?? []).map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);
  throw new Error(`${key.namespace}/${key.name} did not become as expected within ${withinInMs} ms:\n${conditions.join('\n')}`);
}

/** Waits until Ready has the status, and the reason if one is given, for the newest generation. */
export async function waitForReady(
  api: KubernetesApi,
  key: ConnectionKey,
  wanted: { readonly status: 'True' | 'False' | 'Unknown'; readonly reason?: string },
  options: { readonly signal: AbortSignal; readonly withinInMs?: number },
): Promise<PasswordlessConnection> {
  const found = await waitForConnection(
    api,
    key,
    (connection) => {
      const ready = conditionOf(connection, 'Ready');
      return (
        ready?.status === wanted.status &&
        (wanted.reason === undefined || ready.reason === wanted.reason) &&
        ready.observedGeneration === connection?.metadata.generation
      );
    },
    options,
  );
  return found as PasswordlessConnection;
}
