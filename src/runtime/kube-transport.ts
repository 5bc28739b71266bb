import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { StatusError } from './status-error.ts';

/** What of a configuration decides about a connection; a request with other values needs another one. */
type TlsMaterial = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;

/** To the API server, watches counted: more make it no faster, and each costs both sides a handshake. */
const maximumConnections = 32;

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, as the API server sees them. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/**
 * Sends requests to the API server of a kubeconfig through one pool of connections, with the authentication of client-node, which is asked anew
 * for each request: token files are read again, exec plugins run again when their credential expires. The pool is replaced only when
 * certificates have changed. client-node itself would make a pool per request (dist/config.js, applySecurityAuthentication).
 */
export class KubeTransport {
  /** Host and port, for metrics. */
  readonly host: string;
  readonly #config: KubeConfig;
  readonly #server: URL;
  #pool: { readonly dispatcher: Dispatcher; readonly material: TlsMaterial } | undefined;
  #closed = false;

  constructor(config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig has no current context with a cluster');
    this.#config = config;
    this.#server = new URL(cluster.server);
    this.host = this.#server.host;
  }

  /** Resolves as soon as the head of the answer is there; its body has no time limit but the signal. @throws StatusError `CredentialsUnavailable`, and what undici throws. */
  async send(request: TransportRequest): Promise<Dispatcher.ResponseData> {
    const { headers, material } = await this.#authenticate();
    request.signal.throwIfAborted();
    return this.#dispatcherFor(material).request({
      origin: this.#server.origin,
      // a server behind a gateway can have a path of its own
      path: `${this.#server.pathname.replace(/\/$/, '')}${request.path}`,
      method: request.method,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': 'passwordless-operator',
        ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
      },
      body: request.body ?? null,
      signal: request.signal,
    });
  }

  /** Ends all requests and connections. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool?.dispatcher.destroy();
    this.#pool = undefined;
  }

  async #authenticate(): Promise<{ headers: Record<string, string>; material: TlsMaterial }> {
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      // not as cause: the message of an exec plugin is whatever it wrote to stderr
      const { code, path, name } = error as NodeJS.ErrnoException;
      const what = [code ?? name, path].filter(Boolean).join(' ');
      throw new StatusError(0, 'CredentialsUnavailable', `the credentials of the kubeconfig can't be read (${what})`);
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
    if (options.auth) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    return { headers, material: definedOnly({ ca, cert, key, rejectUnauthorized, servername }) };
  }

  #dispatcherFor(material: TlsMaterial): Dispatcher {
    if (this.#closed) throw new StatusError(0, 'Unreachable', 'the client is closed');
    if (this.#pool && sameMaterial(this.#pool.material, material)) return this.#pool.dispatcher;
    // requests under way end with the old certificates
    this.#pool?.dispatcher.close().catch(() => {});
    this.#pool = { dispatcher: this.#connect(material), material };
    return this.#pool.dispatcher;
  }

  #connect(material: TlsMaterial): Dispatcher {
    // time limits are the caller's; HTTP/1.1 keeps an aborted watch from touching other requests; TCP keep-alive is faster than a cloud balancer's idle timeout
    const common = {
      connections: maximumConnections,
      bodyTimeout: 0,
      headersTimeout: 0,
      keepAliveTimeout: 30_000,
      allowH2: false,
    } as const;
    const connect = { ...material, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 };
    const proxy = this.#config.getCurrentCluster()?.proxyUrl;
    if (proxy === undefined || proxy === '') return new Agent({ ...common, connect });
    if (!/^https?:/.test(proxy)) throw new StatusError(0, 'Unreachable', 'only http and https proxies are supported in a kubeconfig');
    return new ProxyAgent({ ...common, uri: proxy, requestTls: connect });
  }
}

function definedOnly(material: { readonly [K in keyof TlsMaterial]: TlsMaterial[K] | undefined }): TlsMaterial {
  return Object.fromEntries(Object.entries(material).filter(([, value]) => value !== undefined && value !== null)) as TlsMaterial;
}

function sameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  const text = (value: unknown) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value));
  return (['ca', 'cert', 'key', 'rejectUnauthorized', 'servername'] as const).every((name) => text(a[name]) === text(b[name]));
}
