import type { Dispatcher } from 'undici';
import { KubeClient } from '../../../src/runtime/kube-client.ts';
import type { KubeTransport, TransportRequest } from '../../../src/runtime/kube-transport.ts';
import type { RuntimeMetrics } from '../../../src/runtime/metrics.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import type { Line, Refusal } from './line.ts';
import type { ApiAnswer, MemoryKubernetes } from './memory-kubernetes.ts';

/** The operator's own client, at the end of whose line the API server in memory answers. */
export function kubeClientOn(
  line: Line,
  kubernetes: MemoryKubernetes,
  { clock, metrics }: { readonly clock: FakeClock; readonly metrics: RuntimeMetrics },
): KubeClient {
  const send = async ({ method, path, body, signal }: TransportRequest): Promise<Dispatcher.ResponseData> => {
    const answer = await line.send(
      { system: 'Kubernetes', name: nameOf(method, path), writes: method !== 'GET' },
      {
        carryOut: () => kubernetes.answer({ method, path, ...(body !== undefined && { body }) }),
        refuse: (refusal) => refusalOf(refusal, method),
        signal,
      },
    );
    return {
      statusCode: answer.status,
      headers: {},
      body: { json: async () => structuredClone(answer.body) },
    } as unknown as Dispatcher.ResponseData;
  };
  const transport = { host: 'kubernetes.example', send, close: async () => {} } as unknown as KubeTransport;
  return new KubeClient({ transport, clock, metrics });
}

/** An Event's name is made by chance. */
function nameOf(method: string, path: string): string {
  return `${method} ${path.split('?')[0]?.replace(/(\/events)\/.*/, '$1')}`;
}

const busy = [
  { status: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 7 } },
  { status: 500, reason: 'InternalError' },
  { status: 503, reason: 'ServiceUnavailable' },
  { status: 504, reason: 'Timeout' },
  { status: 409, reason: 'Conflict' },
] as const;

function refusalOf({ how, chance }: Refusal, method: string): ApiAnswer {
  const fitting = busy.filter(({ status }) => method === 'PUT' || status !== 409);
  const refusal = how !== 'busy' ? { status: 403, reason: 'Forbidden' } : (fitting[Math.floor(chance * fitting.length)] ?? busy[0]);
  return { status: refusal.status, body: { kind: 'Status', code: refusal.status, message: 'as ordered', ...refusal } };
}
