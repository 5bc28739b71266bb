import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RuntimeMetrics } from './metrics.ts';

/** A question of a probe: undefined when all is well, else what isn't. Quick and without I/O. */
export type Check = () => string | undefined;

export interface StatusServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: RuntimeMetrics;
  /** Asked by /healthz: a failure gets the process restarted. */
  readonly healthy: Readonly<Record<string, Check>>;
  /** Asked by /readyz, as whether the caches have synced. */
  readonly ready: Readonly<Record<string, Check>>;
  /** Called before the metrics are read, for gauges that change with time alone. */
  readonly beforeMetrics?: () => void;
}

/** Serves /metrics, /healthz and /readyz over plain HTTP. Nothing it says is secret, and it takes no input but the path. */
export class StatusServer {
  readonly #options: StatusServerOptions;
  readonly #server: Server;

  constructor(options: StatusServerOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 }, (request, response) => {
      this.#answer(request, response).catch(() => response.writeHead(500).end());
    });
  }

  /** Resolves to its URL when it listens. @throws Error when the address is taken */
  async start(): Promise<string> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const address = this.#server.address() as AddressInfo;
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    switch (request.url?.split('?', 1)[0]) {
      case '/metrics': {
        const { registry } = this.#options.metrics;
        this.#options.beforeMetrics?.();
        const text = await registry.metrics();
        return void response.writeHead(200, { 'content-type': registry.contentType }).end(text);
      }
      case '/healthz':
        return probe(response, this.#options.healthy);
      case '/readyz':
        return probe(response, this.#options.ready);
      default:
        return void response.writeHead(404).end();
    }
  }
}

function probe(response: ServerResponse, checks: Readonly<Record<string, Check>>): void {
  const failures = Object.entries(checks).flatMap(([name, check]) => {
    const failure = check();
    return failure === undefined ? [] : [`${name}: ${failure}`];
  });
  response.writeHead(failures.length === 0 ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(failures.length === 0 ? 'ok\n' : `${failures.join('\n')}\n`);
}
