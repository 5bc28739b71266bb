import type { ManagedServiceIdentityClient } from '@azure/arm-msi';
import type { MySQLManagementFlexibleServerClient } from '@azure/arm-mysql-flexible';
import type { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible';
import type { SqlManagementClient } from '@azure/arm-sql';
import { Arm } from '../../../src/azure/arm.ts';
import { type Cloud, customCloud } from '../../../src/azure/cloud.ts';
import type { FederatedCredential } from '../../../src/azure/federated-credentials.ts';
import { RateBudget } from '../../../src/azure/rate-budget.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { Identity, Server } from '../../sandbox/azure/world.ts';
import type { Line, Refusal } from './line.ts';

const tenantId = '7f0e8f5c-0000-4000-8000-000000000000';

/** The Azure of one run: its identities with their federated credentials, and one server. */
export class MemoryAzure {
  readonly identities: readonly Identity[];
  readonly server: Server;
  readonly credentials = new Map<string, Map<string, Omit<FederatedCredential, 'name'>>>();

  constructor({ identities, server }: { readonly identities: readonly Identity[]; readonly server: Server }) {
    this.identities = identities;
    this.server = server;
    for (const { name } of identities) this.credentials.set(name, new Map());
  }
}

interface Options {
  readonly abortSignal?: unknown;
}

/** The way of one process to that Azure: failures are classified as ever, only the wire is left out. */
export class MemoryArm extends Arm {
  readonly #azure: MemoryAzure;
  readonly #line: Line;
  readonly #clock: Clock;

  constructor(azure: MemoryAzure, { line, clock }: { readonly line: Line; readonly clock: Clock }) {
    super({ cloud, credential: { getToken: async () => null }, budget: new RateBudget(clock) });
    this.#azure = azure;
    this.#line = line;
    this.#clock = clock;
  }

  override async identities(): Promise<ManagedServiceIdentityClient> {
    const { credentials } = this.#azure;
    const of = (name: string) => credentials.get(name) ?? notFound();
    const client = {
      userAssignedIdentities: {
        get: (_: string, name: string, options: Options) => this.#send(`read identity ${name}`, options, () => this.#identity(name)),
      },
      federatedIdentityCredentials: {
        list: (_: string, name: string, options: Options) => ({
          byPage: () =>
            this.#page(`list credentials of ${name}`, options, () => [...of(name)].map(([each, rest]) => ({ name: each, ...rest }))),
        }),
        createOrUpdate: (_: string, name: string, credential: string, body: Omit<FederatedCredential, 'name'>, options: Options) =>
          this.#send(`put credential of ${name}`, options, () => void of(name).set(credential, body), true),
        delete: (_: string, name: string, credential: string, options: Options) =>
          this.#send(`delete credential of ${name}`, options, () => void of(name).delete(credential), true),
      },
    };
    return client as unknown as ManagedServiceIdentityClient;
  }

  override async postgresServers(): Promise<PostgreSQLManagementFlexibleServerClient> {
    const administratorsMicrosoftEntra = this.#administrators(({ administrators }) => administrators);
    return { servers: this.#servers, administratorsMicrosoftEntra } as unknown as PostgreSQLManagementFlexibleServerClient;
  }

  override async mysqlServers(): Promise<MySQLManagementFlexibleServerClient> {
    const azureADAdministrators = this.#administrators(({ administrators }) =>
      administrators.map(({ objectId, principalName }) => ({ sid: objectId, login: principalName })),
    );
    return { servers: this.#servers, azureADAdministrators } as unknown as MySQLManagementFlexibleServerClient;
  }

  override async sqlServers(): Promise<SqlManagementClient> {
    const { server } = this.#azure;
    const serverAzureADAdministrators = this.#administrators(({ administrators }) =>
      administrators.slice(0, 1).map(({ objectId, principalName }) => ({ sid: objectId, login: principalName })),
    );
    const databases = () => server.databases.map((name) => ({ name, status: server.databaseStatus?.(name) }));
    const page = (name: string, options: Options) => this.#page(`list databases of ${name}`, options, databases);
    const ofDatabases = { listByServer: (_: string, name: string, options: Options) => ({ byPage: () => page(name, options) }) };
    return { servers: this.#servers, serverAzureADAdministrators, databases: ofDatabases } as unknown as SqlManagementClient;
  }

  get #servers() {
    const { server } = this.#azure;
    const found = () => ({ ...server, fullyQualifiedDomainName: server.host });
    return { get: (_: string, name: string, options: Options) => this.#send(`read server ${name}`, options, found) };
  }

  #administrators<T>(of: (server: Server) => readonly T[]) {
    const { server } = this.#azure;
    const page = (name: string, options: Options) => this.#page(`list administrators of ${name}`, options, () => of(server));
    return { listByServer: (_: string, name: string, options: Options) => ({ byPage: () => page(name, options) }) };
  }

  #identity(name: string) {
    const found = this.#azure.identities.find((each) => each.name === name) ?? notFound();
    return { id: found.resourceId, tenantId, clientId: found.clientId, principalId: found.principalId };
  }

  async *#page<T>(name: string, options: Options, items: () => readonly T[]) {
    yield await this.#send(name, options, items);
  }

  async #send<T>(name: string, { abortSignal }: Options, carryOut: () => T, writes = false): Promise<T> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, abortSignal as AbortSignal]);
    const tooLate = () => stop.abort(new DOMException('no answer', 'TimeoutError'));
    this.#clock.sleep(answerWithinInMs, signal).then(tooLate, () => {});
    try {
      const refuse = (refusal: Refusal) => {
        throw refusalOf(refusal, writes);
      };
      return await this.#line.send({ system: 'Azure', name, writes }, { carryOut, refuse, signal });
    } finally {
      stop.abort();
    }
  }
}

/** As Arm waits for an answer. */
const answerWithinInMs = 30_000;

const nowhere = 'https://azure.example';

export const cloud: Cloud = customCloud({
  authority: nowhere,
  armEndpoint: nowhere,
  armScope: `${nowhere}/.default`,
  ossrdbmsScope: `${nowhere}/.default`,
  sqlScope: `${nowhere}/.default`,
  suffixes: { PostgreSQL: '127.0.0.0/8', MySQL: '127.0.0.0/8', AzureSQL: '127.0.0.0/8' },
});

/** Refusals as azure-facts 7.1 has them. */
const busy = [
  { statusCode: 429, code: 'TooManyRequests', retryAfter: '17' },
  { statusCode: 429, code: 'SubscriptionRequestsThrottled' },
  { statusCode: 409, code: 'Conflict' },
  { statusCode: 503, code: 'ServiceUnavailable' },
] as const;

function refusalOf({ how, chance }: Refusal, writes: boolean): Error {
  if (how !== 'busy') return restError({ statusCode: 403, code: 'AuthorizationFailed' });
  const fitting = busy.filter(({ statusCode }) => writes || statusCode !== 409);
  return restError(fitting[Math.floor(chance * fitting.length)] ?? busy[0]);
}

function notFound(): never {
  throw restError({ statusCode: 404, code: 'ResourceNotFound' });
}

function restError({ statusCode, code, retryAfter }: { statusCode: number; code: string; retryAfter?: string }): Error {
  const headers = new Map(retryAfter === undefined ? [] : [['retry-after', retryAfter]]);
  return Object.assign(new Error(`refused: ${code}`), { name: 'RestError', statusCode, code, response: { headers } });
}
