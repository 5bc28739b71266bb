import { createServer as createHttpServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from '../certificates.ts';

/** A request as it came in: the target isn't normalised, so that tricks in it can be seen. */
export interface ServiceRequest {
  readonly method: string;
  /** Path and query, exactly as sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the caller hangs up or the service stops. */
  readonly signal: AbortSignal;
  /** The whole body as text. Throws BodyTooLarge. */
  body(): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; no body when left out. */
  readonly json?: unknown;
  /** Sent as it is, as JSON that may be none. */
  readonly text?: string;
}

/** `cut` ends the connection without an answer. */
export type Outcome = Answer | 'cut';

export interface ServiceOptions {
  readonly host: string;
  /** A free one when left out. */
  readonly port?: number;
  /** Plain http when left out. */
  readonly certificate?: Certificate;
  readonly answer: (request: ServiceRequest) => Promise<Outcome>;
  /** Stops the service as well. */
  readonly signal: AbortSignal;
}

export interface Service {
  /** Scheme, host and port, without a slash at the end. */
  readonly origin: string;
  /** Ends every connection; resolves when the port is free again. */
  stop(): Promise<void>;
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** Azure Resource Manager takes requests of up to 4 MB. */
const bodyLimitInBytes = 4 * 1024 * 1024;

/** Listens on a loopback address. Throws RangeError for any other, and the system's error when the port is taken. */
export async function startService({ host, port = 0, certificate, answer, signal }: ServiceOptions): Promise<Service> {
  if (!/^127(\.\d{1,3}){3}$/.test(host)) throw new RangeError(`The sandbox listens on loopback addresses only, not on ${host}`);
  signal.throwIfAborted();
  const stopping = new AbortController();
  const listener = (request: IncomingMessage, response: ServerResponse) => void serve(request, response, answer, stopping.signal);
  const server = certificate ? createHttpsServer({ cert: certificate.cert, key: certificate.key }, listener) : createHttpServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= new Promise((resolve) => {
      signal.removeEventListener('abort', stop);
      stopping.abort(new Error('The service stops'));
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return stopped;
  };
  signal.addEventListener('abort', stop, { once: true });
  return { origin: `${certificate ? 'https' : 'http'}://${address.address}:${address.port}`, stop };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: ServiceRequest) => Promise<Outcome>,
  stopping: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('The caller hung up')));
  const signal = AbortSignal.any([gone.signal, stopping]);
  try {
    const outcome = await answer({
      method: request.method ?? 'GET',
      target: request.url ?? '/',
      headers: request.headers,
      signal,
      body: () => bodyOf(request),
    });
    if (outcome === 'cut') response.destroy();
    else send(response, outcome);
  } catch (error) {
    if (signal.aborted) return void response.destroy();
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof BodyTooLarge) send(response, { status: 413, json: { error: { code: 'RequestContentTooLarge', message } } });
    else send(response, { status: 500, json: { error: { code: 'InternalServerError', message } } });
  }
}

function send(
  response: ServerResponse,
  { status, headers, json, text = json === undefined ? undefined : JSON.stringify(json) }: Answer,
): void {
  const body = text === undefined ? undefined : Buffer.from(text);
  response.writeHead(status, {
    'Cache-Control': 'no-store, no-cache',
    ...(body && { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(body.length) }),
    ...headers,
  });
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitInBytes) {
      // The rest is read away, because a caller who is still sending would miss the answer.
      request.resume();
      throw new BodyTooLarge(`The request is larger than ${bodyLimitInBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
