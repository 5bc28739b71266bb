import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the next list or watch is answered instead of well. */
export type Misbehaviour =
  /** As it should be, for what comes before a later misbehaviour. */
  | { readonly kind: 'well' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly reason?: string }
  /** An ERROR event in the stream of a watch. */
  | { readonly kind: 'error-event'; readonly code: number }
  /** The connection is cut before an answer. */
  | { readonly kind: 'cut' }
  /** A watch ends in the middle of an event. */
  | { readonly kind: 'cut-in-event' }
  /** A watch ends properly, at once. */
  | { readonly kind: 'end' }
  /** The answer is not JSON. */
  | { readonly kind: 'garbage' };

interface Thing {
  readonly name: string;
  readonly version: number;
  readonly uid: string;
}

/**
 * A small API server over plain HTTP for one kind, `things`, in namespace `shop`. It lists in pages, watches with bookmarks, and misbehaves when told,
 * in the order told: once per list or watch.
 */
export class MisbehavingApi {
  /** In short: `list`, `list continue`, `watch <resourceVersion>`. */
  readonly requests: string[] = [];
  readonly queries: URLSearchParams[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #things = new Map<string, Thing>();
  readonly #watches = new Set<ServerResponse>();
  readonly #forWatches: Misbehaviour[] = [];
  readonly #forLists: Misbehaviour[] = [];
  #version = 100;
  #oldest = 0;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('connection', () => {
      this.connections += 1;
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  nextList(...misbehaviours: readonly Misbehaviour[]): void {
    this.#forLists.push(...misbehaviours);
  }

  nextWatch(...misbehaviours: readonly Misbehaviour[]): void {
    this.#forWatches.push(...misbehaviours);
  }

  put(name: string): void {
    const known = this.#things.get(name);
    this.#version += 1;
    const thing = { name, version: this.#version, uid: known?.uid ?? `uid-${name}-${this.#version}` };
    this.#things.set(name, thing);
    this.#tell({ type: known ? 'MODIFIED' : 'ADDED', object: rendered(thing) });
  }

  remove(name: string): void {
    const known = this.#things.get(name);
    if (!known) return;
    this.#things.delete(name);
    this.#version += 1;
    this.#tell({ type: 'DELETED', object: rendered({ ...known, version: this.#version }) });
  }

  bookmark(): void {
    this.#version += 1;
    this.#tell({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version) } } });
  }

  /** Forgets all history, so that a watch from before now has expired. */
  compact(): void {
    this.#oldest = this.#version;
  }

  /** Cuts the connections of all watches. */
  dropWatches(): void {
    for (const response of this.#watches) response.destroy();
    this.#watches.clear();
  }

  /** Ends all watches as a server does when their time is over. */
  endWatches(): void {
    for (const response of this.#watches) response.end();
    this.#watches.clear();
  }

  #tell(event: object): void {
    for (const response of this.#watches) response.write(`${JSON.stringify(event)}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const query = new URL(request.url ?? '/', 'http://api').searchParams;
    this.queries.push(query);
    if (query.get('watch') === 'true') this.#watch(query, response);
    else this.#list(query, response);
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    this.requests.push(query.has('continue') ? 'list continue' : 'list');
    const order = this.#forLists.shift();
    if (order && misbehave(order, response)) return;
    const limit = Number(query.get('limit'));
    const from = Number(query.get('continue') ?? 0);
    const all = [...this.#things.values()].map(rendered);
    const next = from + limit < all.length ? String(from + limit) : undefined;
    const metadata = { resourceVersion: String(this.#version), continue: next };
    // as a real one: items of a list have neither kind nor apiVersion
    const items = all.slice(from, from + limit).map(({ metadata, spec }) => ({ metadata, spec }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'ThingList', metadata, items }));
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    this.requests.push(`watch ${from}`);
    const order = this.#forWatches.shift();
    if (order && misbehave(order, response)) return;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < this.#oldest) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } })}\n`);
      return;
    }
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
    for (const thing of this.#things.values())
      if (thing.version > from) response.write(`${JSON.stringify({ type: 'MODIFIED', object: rendered(thing) })}\n`);
  }
}

function rendered({ name, version, uid }: Thing) {
  return {
    apiVersion: 'test.dbaccess.dev/v1',
    kind: 'Thing',
    metadata: { namespace: 'shop', name, uid, resourceVersion: String(version), managedFields: [{ manager: 'kubectl' }] },
    spec: {},
  };
}

/** Answers as told; false when the order is for a stream that goes on. */
function misbehave(order: Misbehaviour, response: ServerResponse): boolean {
  switch (order.kind) {
    case 'well':
      return false;
    case 'status': {
      const headers = {
        'content-type': 'application/json',
        ...(order.retryAfter === undefined ? {} : { 'retry-after': order.retryAfter }),
      };
      const status = { kind: 'Status', code: order.status, reason: order.reason ?? '', message: 'as ordered' };
      response.writeHead(order.status, headers).end(JSON.stringify(status));
      return true;
    }
    case 'error-event':
      response
        .writeHead(200)
        .end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: order.code, message: 'as ordered' } })}\n`);
      return true;
    case 'cut':
      response.destroy();
      return true;
    case 'cut-in-event':
      response.writeHead(200);
      response.write('{"type":"ADDED","object":{"metadata":{"name":"half"', () => response.destroy());
      return true;
    case 'end':
      response.writeHead(200).end();
      return true;
    case 'garbage':
      response.writeHead(200).end('<html>a proxy</html>\n');
      return true;
    default:
      order satisfies never;
      return false;
  }
}
