import { Arm } from '../../../src/azure/arm.ts';
import { type Cloud, customCloud } from '../../../src/azure/cloud.ts';
import { RateBudget } from '../../../src/azure/rate-budget.ts';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { startArm } from '../../sandbox/azure/arm.ts';
import { startEntra } from '../../sandbox/azure/entra.ts';
import { type HostedApp, noHosts } from '../../sandbox/azure/hosts/hosts.ts';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../sandbox/azure/hosts/identity-endpoint.ts';
import type { World } from '../../sandbox/azure/world.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { trust } from '../../support/workload.ts';
import { ids, newWorld } from '../../unit/sandbox/world.ts';

export const groupId = `/subscriptions/${ids.subscription}/resourceGroups/sandbox`;

/** How long Azure is at a write behind its answer, in milliseconds. */
const appWriteMs = 20;

/** The sandbox's Azure, and the operator's way to it. */
export interface ContractAzure {
  readonly arm: Arm;
  readonly cloud: Cloud;
  readonly world: World;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly clock: Clock;
  /** Where an app gets tokens of its identities. */
  openEndpoint(app: HostedApp): Promise<IdentityEndpoint>;
  /** Lets time pass for the operator, until nothing that was read is believed any more. */
  skip(): void;
  /** Methods and paths of what was written since the last reset. */
  writes(): readonly string[];
  reset(): void;
  stop(): Promise<void>;
}

export async function startContractAzure(): Promise<ContractAzure> {
  const end = new AbortController();
  const { signal } = end;
  const authority = await createAuthority();
  trust(authority.pem);
  const certificate = await authority.issue({ commonName: 'sandbox', ipAddresses: ['127.0.0.1'] });
  const [world, journal, faults, listen] = [newWorld(), new Journal(), new Faults(), { host: '127.0.0.1' }];
  const entra = await startEntra({ world, certificate, journal, faults, issuerCa: authority.pem, listen, signal });
  // no budget: what is tested here is not the rate
  const plenty = { capacity: 100_000, perSecond: 100_000 };
  const budget = { read: plenty, write: plenty, delete: plenty };
  const served = await startArm({ world, certificate, journal, faults, verify: entra.verify, listen, appWriteMs, budget, signal });

  let ahead = 0;
  const clock: Clock = {
    now: () => systemClock.now() + ahead,
    sleep: (ms, sleepSignal) => systemClock.sleep(Math.min(ms, 10), sleepSignal),
  };
  const cloud = customCloud({
    authority: entra.authority,
    armEndpoint: served.endpoint,
    armScope: 'https://management.azure.com/.default',
    ossrdbmsScope: 'https://ossrdbms-aad.database.windows.net/.default',
    sqlScope: 'https://database.windows.net/.default',
    suffixes: { PostgreSQL: '127.0.46.0/24', MySQL: '127.0.46.0/24', AzureSQL: '127.0.46.0/24' },
  });
  const arm = new Arm({
    cloud,
    credential: {
      getToken: async () => ({
        token: await entra.issueFor(world.identities[0]!, 'https://management.azure.com'),
        expiresOnTimestamp: Date.now() + 3_600_000,
      }),
    },
    budget: new RateBudget(clock),
  });
  return {
    arm,
    cloud,
    world,
    journal,
    faults,
    clock,
    openEndpoint: (app) =>
      startIdentityEndpoint({
        app,
        world,
        issueFor: entra.issueFor,
        journal,
        faults,
        clock: systemClock,
        newId: () => 'header-of-the-app',
        signal,
      }),
    skip() {
      ahead += 60_000;
    },
    writes: () =>
      journal
        .list('arm')
        .flatMap((entry) => (entry.kind === 'arm' && isWrite(entry.method, entry.path) ? [`${entry.method} ${entry.path}`] : [])),
    reset() {
      const fresh = newWorld();
      world.identities.splice(0, world.identities.length, ...fresh.identities);
      for (const [kind, apps] of Object.entries(noHosts()))
        world.hosts[kind as keyof World['hosts']].splice(0, Number.POSITIVE_INFINITY, ...apps);
      world.locks.length = 0;
      world.servicePrincipals.length = 0;
      world.principalSeconds = 0;
      world.operatorActions = fresh.operatorActions;
      journal.clear();
      faults.clear();
      ahead += 60_000;
    },
    async stop() {
      end.abort();
      await Promise.all([entra.stop(), served.stop()]);
    },
  };
}

/** What a POST to a list asks for is only read. */
function isWrite(method: string, path: string): boolean {
  return ['PUT', 'PATCH', 'DELETE'].includes(method) || (method === 'POST' && !/\/list(Secrets)?$/.test(path));
}
