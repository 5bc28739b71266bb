import { appsOf, environmentOf, findHost, type HostedApp } from './hosts.ts';
import { type IdentityEndpoint, type IdentityEndpointOptions, startIdentityEndpoint } from './identity-endpoint.ts';

/** An app as sandbox.json describes it. */
export interface SandboxWorkload {
  readonly type: HostedApp['type'];
  readonly name: string;
  readonly resourceId: string;
  /** Values of the variables IDENTITY_ENDPOINT and IDENTITY_HEADER that Azure gives an app which has an identity. */
  readonly identityEndpoint: string;
  readonly identityHeader: string;
}

/** Opens the endpoints of all apps that the world has. */
export async function openWorkloadEndpoints(options: Omit<IdentityEndpointOptions, 'app'>): Promise<WorkloadEndpoints> {
  const endpoints = new WorkloadEndpoints(options);
  for (const app of appsOf(options.world.hosts)) await endpoints.open(app);
  return endpoints;
}

/** The identity endpoints of a sandbox's apps, each of which is open from `open` to `stop`. */
export class WorkloadEndpoints {
  readonly #options: Omit<IdentityEndpointOptions, 'app'>;
  readonly #endpoints = new Map<HostedApp, IdentityEndpoint>();

  constructor(options: Omit<IdentityEndpointOptions, 'app'>) {
    this.#options = options;
  }

  /** Opens the endpoint of an app that has none yet. */
  async open(app: HostedApp): Promise<IdentityEndpoint> {
    const known = this.#endpoints.get(app);
    if (known) return known;
    const endpoint = await startIdentityEndpoint({ ...this.#options, app });
    this.#endpoints.set(app, endpoint);
    return endpoint;
  }

  /**
   * All that the app's newest running revision or start has in its environment. `part` is a container app's container, the first when left out, or a Spring app's deployment,
   * the active one when left out. Throws RangeError for an app or part that isn't there.
   */
  environmentOf(resourceId: string, { part }: { readonly part?: string } = {}): Readonly<Record<string, string>> {
    const { world, clock } = this.#options;
    const app = findHost(world.hosts, resourceId);
    if (!app) throw new RangeError(`There is no app ${resourceId}`);
    const { systemAssigned, userAssigned } = app.identity;
    const endpoint = this.#endpoints.get(app);
    return {
      ...environmentOf(app, { now: clock.now(), ...(part !== undefined && { part }) }),
      ...(endpoint &&
        (systemAssigned || userAssigned.length > 0) && {
          IDENTITY_ENDPOINT: endpoint.identityEndpoint,
          IDENTITY_HEADER: endpoint.identityHeader,
        }),
    };
  }

  described(): readonly SandboxWorkload[] {
    return [...this.#endpoints].map(([{ type, name, resourceId }, { identityEndpoint, identityHeader }]) => ({
      type,
      name,
      resourceId,
      identityEndpoint,
      identityHeader,
    }));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.stop()));
    this.#endpoints.clear();
  }
}
