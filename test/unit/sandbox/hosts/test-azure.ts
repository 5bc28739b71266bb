import { ContainerAppsAPIClient } from '@azure/arm-appcontainers';
import { AppPlatformManagementClient } from '@azure/arm-appplatform';
import { WebSiteManagementClient } from '@azure/arm-appservice';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type HttpMethods,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { expect } from 'chai';
import { type Clock, systemClock } from '../../../../src/runtime/clock.ts';
import { type Arm, startArm } from '../../../sandbox/azure/arm.ts';
import { type Entra, startEntra } from '../../../sandbox/azure/entra.ts';
import type { HostedApp } from '../../../sandbox/azure/hosts/hosts.ts';
import {
  type IdentityEndpoint,
  type IdentityEndpointOptions,
  startIdentityEndpoint,
} from '../../../sandbox/azure/hosts/identity-endpoint.ts';
import type { World } from '../../../sandbox/azure/world.ts';
import { createAuthority } from '../../../sandbox/certificates.ts';
import { Faults } from '../../../sandbox/controls/faults.ts';
import { Journal } from '../../../sandbox/controls/journal.ts';
import { ids, newWorld } from '../world.ts';

export const groupId = `/subscriptions/${ids.subscription}/resourceGroups/sandbox`;

/** How long a write of an app takes here, in milliseconds. */
export const appWriteMs = 30;

/** How often the clients look whether a write has ended. */
export const quickly = { updateIntervalInMs: 5 };

/** The sandbox's Azure with the clients that Azure publishes for it. */
export interface TestAzure {
  readonly world: World;
  readonly entra: Entra;
  readonly journal: Journal;
  readonly faults: Faults;
  /** In PEM: whom the clients trust. */
  readonly ca: string;
  readonly containerApps: ContainerAppsAPIClient;
  readonly webApps: WebSiteManagementClient;
  readonly springApps: AppPlatformManagementClient;
  readonly identities: ManagedServiceIdentityClient;
  /** How often an identity has come or gone by a request. */
  principalChanges(): number;
  /** Stops the time of Azure Resource Manager, so that what is written now runs until `goOn`. */
  stopTime(): void;
  goOn(): void;
  /** Puts the world back as it was at the beginning. */
  reset(): void;
  /** Sends plain JSON the way a client sends its own requests. */
  send(method: HttpMethods, path: string, options: { readonly apiVersion: string; readonly body?: unknown }): Promise<PipelineResponse>;
  openEndpoint(app: HostedApp, options?: Partial<IdentityEndpointOptions>): Promise<IdentityEndpoint>;
  stop(): Promise<void>;
}

export async function startAzure(): Promise<TestAzure> {
  const end = new AbortController();
  const authority = await createAuthority();
  const certificate = await authority.issue({ commonName: 'sandbox', ipAddresses: ['127.0.0.1'] });
  const [signal, listen, faults, journal] = [end.signal, { host: '127.0.0.1' }, new Faults(), new Journal()];
  const world = newWorld();
  // no budget: what is tested here is not the rate
  const plenty = { capacity: 100_000, perSecond: 100_000 };
  const budget = { read: plenty, write: plenty, delete: plenty };
  let principalChanges = 0;
  const principalsChanged = async () => {
    principalChanges += 1;
  };
  const common = { world, certificate, journal, faults, listen, signal };
  let stoppedAt: number | undefined;
  const clock: Clock = { now: () => stoppedAt ?? systemClock.now(), sleep: systemClock.sleep };
  const entra = await startEntra({ ...common, issuerCa: authority.pem });
  const arm: Arm = await startArm({ ...common, verify: entra.verify, appWriteMs, budget, principalsChanged, clock });

  const credential: TokenCredential = {
    getToken: async () => ({
      token: await entra.issueFor(world.identities[0]!, 'https://management.azure.com'),
      expiresOnTimestamp: Date.now() + 3_600_000,
    }),
  };
  const shared = { endpoint: arm.endpoint, retryOptions: { maxRetries: 0 }, tlsOptions: { ca: authority.pem } };
  const classic = { ...shared, credentialScopes: 'https://management.azure.com/.default' };
  const modular = { ...shared, credentials: { scopes: ['https://management.azure.com/.default'] } };
  const identities = new ManagedServiceIdentityClient(credential, ids.subscription, classic);
  const httpClient = createDefaultHttpClient();

  return {
    world,
    entra,
    journal,
    faults,
    ca: authority.pem,
    containerApps: new ContainerAppsAPIClient(credential, ids.subscription, modular),
    webApps: new WebSiteManagementClient(credential, ids.subscription, modular),
    springApps: new AppPlatformManagementClient(credential, ids.subscription, classic),
    identities,
    principalChanges: () => principalChanges,
    stopTime() {
      stoppedAt = systemClock.now();
    },
    goOn() {
      stoppedAt = undefined;
    },
    reset() {
      stoppedAt = undefined;
      principalChanges = 0;
      const fresh = newWorld();
      world.identities.splice(0, world.identities.length, ...fresh.identities);
      for (const apps of Object.values(world.hosts) as HostedApp[][]) apps.length = 0;
      world.locks.length = 0;
      world.operatorActions = fresh.operatorActions;
      world.principalSeconds = 0;
      journal.clear();
      faults.clear();
    },
    send: (method, path, { apiVersion, body }) =>
      identities.pipeline.sendRequest(
        httpClient,
        createPipelineRequest({
          url: `${arm.endpoint}${path}?api-version=${apiVersion}`,
          method,
          ...(body !== undefined && { body: JSON.stringify(body) }),
          headers: createHttpHeaders(body === undefined ? {} : { 'content-type': 'application/json' }),
        }),
      ),
    openEndpoint: (app, options = {}) =>
      startIdentityEndpoint({
        app,
        world,
        issueFor: entra.issueFor,
        journal,
        faults,
        clock: systemClock,
        newId: () => 'header-of-the-app',
        signal,
        ...options,
      }),
    async stop() {
      end.abort();
      await Promise.all([entra.stop(), arm.stop()]);
    },
  };
}

/** What a call was refused with. Fails when it was not. */
export async function refusalOf(
  call: PromiseLike<unknown>,
): Promise<{ readonly statusCode?: number; readonly code?: string; readonly message: string }> {
  let failure: unknown;
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    failure = error;
  }
  expect(failure, `a refusal, not ${JSON.stringify(answer)}`).to.be.instanceOf(Error);
  return failure as Error;
}

/** All items of a client's list. */
export async function allOf<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}
