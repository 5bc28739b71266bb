import type { KubernetesObject } from '../../../src/api/object-meta.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { KubeClient } from '../../../src/runtime/kube-client.ts';
import { loadKubeConfig } from '../../../src/runtime/kube-config.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import { createRuntimeMetrics } from '../../../src/runtime/metrics.ts';
import type { Resource } from '../../../src/runtime/resource.ts';
import { secrets } from '../../../src/workloads/apply-secret.ts';
import { createServiceAccountWorkload } from '../../../src/workloads/service-account.ts';
import { controlPlane } from '../../cluster/support.ts';
import type { ContractWorkload, Environment } from './contract-workload.ts';

const accounts: Resource = { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true };
const namespaces: Resource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
const namespace = 'shop';
const { signal } = new AbortController();

/** A service account of a real API server. */
export async function startServiceAccount(): Promise<ContractWorkload> {
  const { adminKubeconfig } = await controlPlane();
  const transport = new KubeTransport(loadKubeConfig(adminKubeconfig));
  const real = new KubeClient({ transport, clock: systemClock, metrics: createRuntimeMetrics() });
  let writes = 0;
  let losesAnswer = false;
  const client = new Proxy(real, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      if (!['create', 'replace', 'delete', 'patch', 'apply'].includes(String(name))) return method.bind(target) as unknown;
      return async (...args: readonly unknown[]) => {
        writes += 1;
        const answer: unknown = await Reflect.apply(method, target, args);
        if (!losesAnswer) return answer;
        losesAnswer = false;
        throw new Error('the answer was lost');
      };
    },
  });
  const key = { namespace, name: 'a' };
  const read = async (): Promise<Environment> => {
    const { data = {} } = (await real.get(secrets, key, { signal })) ?? {};
    return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]));
  };
  return {
    title: 'ServiceAccount',
    kind: createServiceAccountWorkload(client),
    spec: { type: 'ServiceAccount', serviceAccount: { name: 'app' } },
    missing: { type: 'ServiceAccount', serviceAccount: { name: 'nobody' } },
    environment: read,
    async byHand({ set = {}, remove = [] }) {
      const secret = await real.get(secrets, key, { signal });
      const values = Object.entries({ ...(await read()), ...set }).filter(([name]) => !remove.includes(name));
      const data = Object.fromEntries(values.map(([name, value]) => [name, Buffer.from(value, 'utf8').toString('base64')]));
      if (secret) await real.replace(secrets, { ...secret, data }, { signal });
      else
        await real.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: key as KubernetesObject['metadata'], data }, { signal });
    },
    writes: () => writes,
    loseNextAnswer() {
      losesAnswer = true;
    },
    async reset() {
      if (!(await real.get(namespaces, { namespace: '', name: namespace }, { signal })))
        await real.create(namespaces, object('Namespace', { name: namespace }), { signal });
      for (const [resource, name] of [
        [secrets, 'a'],
        [secrets, 'b'],
        [accounts, 'app'],
      ] as const) {
        if (await real.get(resource as Resource, { namespace, name }, { signal }))
          await real.delete(resource as Resource, { namespace, name }, { signal });
      }
      await real.create(accounts, object('ServiceAccount', { namespace, name: 'app' }), { signal });
      writes = 0;
      losesAnswer = false;
    },
    skip: () => {},
    stop: () => transport.close(),
  };
}

function object(kind: string, metadata: object): KubernetesObject {
  return { apiVersion: 'v1', kind, metadata: metadata as KubernetesObject['metadata'] };
}
