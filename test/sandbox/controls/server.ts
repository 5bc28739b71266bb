import { randomBytes, randomUUID } from 'node:crypto';
import { recreateIdentity } from '../azure/recreate-identity.ts';
import { type Answer, BodyTooLarge, type ServiceRequest, startService } from '../azure/service.ts';
import type { Identity, Server, World } from '../azure/world.ts';
import { isJournalKind, readAdministratorSwitch, readFault, readResourceId, readSeconds } from './control-body.ts';
import { ControlError } from './control-error.ts';
import type { Faults } from './faults.ts';
import { checkCaller } from './gate.ts';
import type { Journal } from './journal.ts';

interface Cancellable {
  readonly signal: AbortSignal;
}

export interface ControlsOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly faults: Faults;
  /** 32 random bytes when left out. */
  readonly token?: string;
  readonly newId?: () => string;
  readonly listen?: { readonly host: string; readonly port?: number };
  /** Called after an identity has got new ids, so that what was made for the old ones can follow. */
  readonly identityRecreated?: (identity: Identity, options: Cancellable) => Promise<void>;
  /** Takes the server off the network. The world's state is the controls' business. */
  readonly stopServer: (server: Server, options: Cancellable) => Promise<void>;
  readonly startServer: (server: Server, options: Cancellable) => Promise<void>;
  /** Makes the operator Entra administrator, or takes that away, both in the world's list and in the engine. */
  readonly setOperatorAdministrator: (server: Server, operator: boolean, options: Cancellable) => Promise<void>;
  /** Puts a database to sleep or wakes it, where the engine can; false when there is none of that name. No database sleeps when it is left out. */
  readonly pauseDatabase?: (server: Server, database: string, paused: boolean) => boolean;
  /** Stops the controls as well. */
  readonly signal: AbortSignal;
}

export interface Controls {
  readonly endpoint: string;
  readonly token: string;
  stop(): Promise<void>;
}

type Handler = (body: unknown, query: URLSearchParams, options: Cancellable) => unknown;

/** Starts the sandbox's controls: plain http on loopback, for the holder of the token. */
export async function startControls(options: ControlsOptions): Promise<Controls> {
  const { token = randomBytes(32).toString('base64url'), listen = { host: '127.0.0.1' }, signal } = options;
  const routes = routesOf(options);

  async function answer(request: ServiceRequest): Promise<Answer> {
    try {
      checkCaller(request, { token, origin: service.origin });
      const [pathname = '', query] = request.target.split('?');
      const searchParams = new URLSearchParams(query);
      const methods = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
      if (!methods) throw new ControlError(404, `There is no ${pathname}; known are ${Object.keys(routes).join(', ')}`);
      const handler = methods[request.method];
      if (!handler)
        throw new ControlError(405, `${pathname} takes ${Object.keys(methods).join(', ')}`, { Allow: Object.keys(methods).join(', ') });
      checkQuery(searchParams, pathname === '/journal' ? ['kind'] : []);
      const body = request.method === 'POST' ? await bodyOf(request) : undefined;
      return { status: 200, json: await handler(body, searchParams, { signal: request.signal }) };
    } catch (error) {
      if (error instanceof ControlError) return { status: error.status, headers: error.headers, json: { error: error.message } };
      if (error instanceof BodyTooLarge) return { status: 413, json: { error: error.message } };
      throw error;
    }
  }

  const service = await startService({ ...listen, answer, signal });
  return { endpoint: service.origin, token, stop: service.stop };
}

function routesOf({
  world,
  journal,
  faults,
  newId = randomUUID,
  identityRecreated,
  stopServer,
  startServer,
  setOperatorAdministrator,
  pauseDatabase,
}: ControlsOptions): Readonly<Record<string, Readonly<Record<string, Handler>>>> {
  return {
    '/journal': {
      GET: (_, query) => journal.list(kindOf(query)),
      DELETE: (_, query) => {
        journal.clear(kindOf(query));
        return journal.list(kindOf(query));
      },
    },
    '/faults': {
      POST: (body) => {
        addFault(faults, body);
        return faults.list();
      },
      DELETE: () => {
        faults.clear();
        return faults.list();
      },
    },
    '/identities/recreate': {
      POST: async (body, _, options) => {
        const identity = identityOf(world, readResourceId(body));
        recreateIdentity(identity, { newId });
        await identityRecreated?.(identity, options);
        const { name, resourceId, clientId, principalId } = identity;
        return { name, resourceId, clientId, principalId };
      },
    },
    '/identities/propagation': {
      POST: (body) => {
        world.propagationSeconds = readSeconds(body);
        return { seconds: world.propagationSeconds };
      },
    },
    '/servers/stop': {
      POST: (body, _, options) =>
        change(serverOf(world, readResourceId(body)), ['Stopping', 'Stopped'], (server) => stopServer(server, options)),
    },
    '/servers/start': {
      POST: (body, _, options) =>
        change(serverOf(world, readResourceId(body)), ['Starting', 'Ready'], (server) => startServer(server, options)),
    },
    '/servers/administrators': {
      POST: async (body, _, options) => {
        const { resourceId, operator } = readAdministratorSwitch(body);
        const server = serverOf(world, resourceId);
        await setOperatorAdministrator(server, operator, options);
        return { resourceId: server.resourceId, administrators: server.administrators };
      },
    },
    '/databases/pause': { POST: (body) => setPaused(world, readResourceId(body), true, pauseDatabase) },
    '/databases/resume': { POST: (body) => setPaused(world, readResourceId(body), false, pauseDatabase) },
  };
}

function kindOf(query: URLSearchParams) {
  const kind = query.get('kind');
  if (kind === null) return undefined;
  if (!isJournalKind(kind)) throw new ControlError(400, `kind must be arm, token or sql, not '${kind}'`);
  return kind;
}

function addFault(faults: Faults, body: unknown): void {
  const fault = readFault(body);
  try {
    faults.add(fault);
  } catch (error) {
    if (error instanceof SyntaxError) throw new ControlError(400, `match.path is no regular expression: ${error.message}`);
    throw error;
  }
}

/** A server whose change fails is as it was. A server that is there already is left alone. */
async function change(
  server: Server,
  [during, after]: readonly [Server['state'], Server['state']],
  run: (server: Server) => Promise<void>,
): Promise<{ readonly resourceId: string; readonly state: Server['state'] }> {
  const { resourceId, state: before } = server;
  if (before === 'Stopping' || before === 'Starting') throw new ControlError(409, `${server.name} is ${before}; try again when it is done`);
  if (before !== after) {
    server.state = during;
    try {
      await run(server);
    } catch (error) {
      server.state = before;
      throw error;
    }
    server.state = after;
  }
  return { resourceId, state: server.state };
}

function identityOf({ identities }: World, resourceId: string): Identity {
  const found = identities.find((each) => isSameId(each.resourceId, resourceId));
  if (!found) throw new ControlError(404, `There is no identity ${resourceId}`);
  return found;
}

function serverOf({ servers }: World, resourceId: string): Server {
  const found = servers.find((each) => isSameId(each.resourceId, resourceId));
  if (!found) throw new ControlError(404, `There is no server ${resourceId}`);
  return found;
}

/** Only Azure SQL pauses databases, those of its serverless tier. */
function setPaused(world: World, databaseId: string, paused: boolean, pauseDatabase: ControlsOptions['pauseDatabase']) {
  const [, serverId = databaseId, database = ''] = /^(.*)\/databases\/([^/]+)$/i.exec(databaseId) ?? [];
  const server = serverOf(world, serverId);
  if (server.type !== 'AzureSQL' || !pauseDatabase) {
    throw new ControlError(
      400,
      `Only databases of Azure SQL can be paused and resumed; ${server.name} is ${server.type}. Use /servers/stop instead`,
    );
  }
  if (!pauseDatabase(server, database, paused)) throw new ControlError(404, `There is no database ${databaseId}`);
  return { resourceId: `${server.resourceId}/databases/${database}`, state: server.databaseStatus?.(database) ?? 'Online' };
}

function isSameId(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function checkQuery(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) throw new ControlError(400, `The query has the unknown parameter '${name}'`);
  }
}

async function bodyOf(request: ServiceRequest): Promise<unknown> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new ControlError(415, 'The body must be application/json');
  const text = await request.body();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ControlError(400, 'The body is no JSON');
  }
}
