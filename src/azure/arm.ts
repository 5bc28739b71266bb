import { AsyncLocalStorage } from 'node:async_hooks';
import type { ContainerAppsAPIClient } from '@azure/arm-appcontainers';
import type { AppPlatformManagementClient } from '@azure/arm-appplatform';
import type { WebSiteManagementClient } from '@azure/arm-appservice';
import type { ManagedServiceIdentityClient, ManagedServiceIdentityClientOptionalParams } from '@azure/arm-msi';
import type { MySQLManagementFlexibleServerClient } from '@azure/arm-mysql-flexible';
import type { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible';
import type { SqlManagementClient } from '@azure/arm-sql';
import type { HttpClient, Pipeline } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import { boundedHttpClient, originGuard, requestHook } from './arm-pipeline.ts';
import type { Cloud } from './cloud.ts';
import { type ArmAttempt, armFailure, isNotFound } from './errors.ts';
import { type JsonAnswer, type JsonRequest, sendJson } from './json-request.ts';
import type { RateBudget, RequestKind } from './rate-budget.ts';

export interface ArmSettings {
  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  readonly budget: RateBudget;
  /** How long one answer may take. 30 seconds when left out. */
  readonly deadlineMs?: number;
  /** Told of every request that was sent: the Azure action, and the answer's status, or `error` when there was none. For metrics. */
  readonly onRequest?: (request: { readonly action: string; readonly status: string }) => void;
}

export interface ArmOptions {
  readonly signal: AbortSignal;
  /** The namespace for whose sake the call is made; namespaces share the rate budget fairly. */
  readonly namespace?: string;
}

/** What a call's requests need to know, which the SDK has no way to hand down to its pages and polls. */
interface CallContext {
  readonly action: string;
  readonly subscriptionId: string;
  readonly namespace: string;
}

/** What all clients have in common. */
interface Client {
  readonly pipeline: Pipeline;
}

/** The options of all clients: those of the classic kind take the scope in the one place, the others in the other. */
type ClientOptions = ManagedServiceIdentityClientOptionalParams & { readonly credentials: { scopes: string[] } };

/**
 * The way to Azure Resource Manager. Its clients send the operator's token to no other origin, never retry by themselves, keep within the subscription's rate,
 * and bound time, size and number of answers. They are loaded and made when first used, one for each subscription.
 */
export class Arm {
  readonly cloud: Cloud;
  readonly #settings: ArmSettings;
  readonly #clients = new Map<string, Promise<Client>>();
  readonly #context = new AsyncLocalStorage<CallContext>();
  #http: HttpClient | undefined;

  constructor(settings: ArmSettings) {
    this.cloud = settings.cloud;
    this.#settings = settings;
  }

  /** The client for managed identities. */
  async identities(subscriptionId: string): Promise<ManagedServiceIdentityClient> {
    return this.#client(`identities ${subscriptionId}`, async (options) => {
      const { ManagedServiceIdentityClient } = await import('@azure/arm-msi');
      return new ManagedServiceIdentityClient(this.#settings.credential, subscriptionId, options);
    });
  }

  /** The client for PostgreSQL Flexible Servers. */
  async postgresServers(subscriptionId: string): Promise<PostgreSQLManagementFlexibleServerClient> {
    return this.#client(`postgres ${subscriptionId}`, async (options) => {
      const { PostgreSQLManagementFlexibleServerClient } = await import('@azure/arm-postgresql-flexible');
      return new PostgreSQLManagementFlexibleServerClient(this.#settings.credential, subscriptionId, options);
    });
  }

  /** The client for MySQL Flexible Servers. */
  async mysqlServers(subscriptionId: string): Promise<MySQLManagementFlexibleServerClient> {
    return this.#client(`mysql ${subscriptionId}`, async (options) => {
      const { MySQLManagementFlexibleServerClient } = await import('@azure/arm-mysql-flexible');
      return new MySQLManagementFlexibleServerClient(this.#settings.credential, subscriptionId, options);
    });
  }

  /** The client for container apps. */
  async containerApps(subscriptionId: string): Promise<ContainerAppsAPIClient> {
    return this.#client(`container apps ${subscriptionId}`, async (options) => {
      const { ContainerAppsAPIClient } = await import('@azure/arm-appcontainers');
      return new ContainerAppsAPIClient(this.#settings.credential, subscriptionId, options);
    });
  }

  /** The client for web and function apps. */
  async webApps(subscriptionId: string): Promise<WebSiteManagementClient> {
    return this.#client(`web apps ${subscriptionId}`, async (options) => {
      const { WebSiteManagementClient } = await import('@azure/arm-appservice');
      return new WebSiteManagementClient(this.#settings.credential, subscriptionId, options);
    });
  }

  /** The client for Azure Spring Apps. */
  async springApps(subscriptionId: string): Promise<AppPlatformManagementClient> {
    return this.#client(`spring apps ${subscriptionId}`, async (options) => {
      const { AppPlatformManagementClient } = await import('@azure/arm-appplatform');
      return new AppPlatformManagementClient(this.#settings.credential, subscriptionId, options);
    });
  }

  /** Sends JSON as it is over a client's own pipeline, for what a client's model would lose. To be used within `call` or `find`. Throws RestError. */
  async send(client: Client, request: JsonRequest, options: { readonly abortSignal: AbortSignal }): Promise<JsonAnswer> {
    const { createDefaultHttpClient } = await import('@azure/core-rest-pipeline');
    const { armEndpoint } = this.cloud;
    this.#http ??= boundedHttpClient(createDefaultHttpClient(), armEndpoint, this.#deadlineMs);
    return await sendJson(client.pipeline, this.#http, armEndpoint, request, options);
  }

  /** The client for logical servers of Azure SQL. */
  async sqlServers(subscriptionId: string): Promise<SqlManagementClient> {
    return this.#client(`sql ${subscriptionId}`, async (options) => {
      const { SqlManagementClient } = await import('@azure/arm-sql');
      return new SqlManagementClient(this.#settings.credential, subscriptionId, options);
    });
  }

  /** What `send` gives. Throws ConnectionError (see armFailure), or the signal's reason when that was aborted. */
  async call<T>(attempt: ArmCall, send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>, options: ArmOptions): Promise<T> {
    const { signal, namespace = '' } = options;
    signal.throwIfAborted();
    const context: CallContext = { action: attempt.action, subscriptionId: attempt.subscriptionId, namespace };
    try {
      return await this.#context.run(context, () => send({ abortSignal: signal }));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw isAbort(error) ? this.#tooSlow(attempt, error) : armFailure(error, attempt);
    }
  }

  /** As `call`, but undefined when the resource, or one that it lies in, isn't there. */
  async find<T>(
    attempt: ArmCall,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    options: ArmOptions,
  ): Promise<T | undefined> {
    try {
      return await this.call(attempt, send, options);
    } catch (error) {
      if (error instanceof ConnectionError && isNotFound(error.cause)) return undefined;
      throw error;
    }
  }

  async #client<C extends Client>(key: string, make: (options: ClientOptions) => Promise<C>): Promise<C> {
    const known = this.#clients.get(key);
    // A key is only ever used with one class.
    if (known) return known as Promise<C>;
    const client = this.#guarded(make);
    this.#clients.set(key, client);
    client.catch(() => this.#clients.delete(key));
    return client;
  }

  async #guarded<C extends Client>(make: (options: ClientOptions) => Promise<C>): Promise<C> {
    const { bearerTokenAuthenticationPolicyName, createDefaultHttpClient } = await import('@azure/core-rest-pipeline');
    const { armEndpoint, armScope } = this.cloud;
    const client = await make({
      endpoint: armEndpoint,
      // Without it the token's audience would be the endpoint, which in a custom cloud is no audience at all.
      credentialScopes: armScope,
      credentials: { scopes: [armScope] },
      retryOptions: { maxRetries: 0 },
      redirectOptions: { maxRetries: 0 },
      httpClient: boundedHttpClient(createDefaultHttpClient(), armEndpoint, this.#deadlineMs),
    });
    const guard = originGuard(armEndpoint);
    client.pipeline.addPolicy(guard, { beforePolicies: [bearerTokenAuthenticationPolicyName] });
    client.pipeline.addPolicy(this.#hook(), { beforePolicies: [bearerTokenAuthenticationPolicyName], afterPolicies: [guard.name] });
    return client;
  }

  #hook(): ReturnType<typeof requestHook> {
    return requestHook(
      async ({ method, abortSignal }) => {
        const { subscriptionId, namespace } = this.#contextOfRequest();
        const signal = (abortSignal ?? new AbortController().signal) as AbortSignal;
        await this.#settings.budget.take({ subscriptionId, kind: kindOf(method), namespace }, { signal });
      },
      (outcome) =>
        this.#settings.onRequest?.({
          action: this.#contextOfRequest().action,
          status: 'status' in outcome ? `${outcome.status}` : 'error',
        }),
    );
  }

  #contextOfRequest(): CallContext {
    const context = this.#context.getStore();
    if (!context) throw new Error('an ARM request was sent outside of Arm.call');
    return context;
  }

  get #deadlineMs(): number {
    return this.#settings.deadlineMs ?? 30_000;
  }

  #tooSlow({ what }: ArmCall, cause: unknown): ConnectionError {
    return new ConnectionError('retry', reasons.AzureError, `Azure did not answer within ${this.#deadlineMs / 1000} s for ${what}`, {
      cause,
    });
  }
}

export interface ArmCall extends ArmAttempt {
  /** The subscription whose rate the call uses up. */
  readonly subscriptionId: string;
}

function kindOf(method: string): RequestKind {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'DELETE' ? 'delete' : 'write';
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
