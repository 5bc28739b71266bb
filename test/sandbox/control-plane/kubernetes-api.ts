import { Agent, fetch } from 'undici';

/** How a caller proves who it is: a client certificate or a bearer token. */
export type Credentials = { readonly cert: string; readonly key: string } | { readonly token: string };

export interface ApiRequest {
  readonly body?: unknown;
  /** application/json when left out. */
  readonly contentType?: string;
  readonly accept?: string;
}

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API server sends; whoever asks knows what.
  readonly body: any;
}

/** An answer that was not expected. The message is the API server's own. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(method: string, path: string, answer: ApiAnswer) {
    super(`${method} ${path}: ${answer.status} ${answer.body?.message ?? ''}`);
    this.status = answer.status;
  }
}

/** Plain requests to one API server by one caller. */
export class KubernetesApi {
  readonly #url: string;
  readonly #caPem: string;
  readonly #agent: Agent;
  readonly #headers: Record<string, string>;

  constructor(url: string, caPem: string, credentials?: Credentials) {
    this.#url = url;
    this.#caPem = caPem;
    this.#headers = credentials && 'token' in credentials ? { authorization: `Bearer ${credentials.token}` } : {};
    const certificate = credentials && 'cert' in credentials ? { cert: credentials.cert, key: credentials.key } : {};
    // a watch may be silent for as long as nothing changes
    this.#agent = new Agent({ connect: { ca: caPem, ...certificate }, bodyTimeout: 0 });
  }

  /** The same API server for another caller; for an anonymous one without credentials. */
  as(credentials?: Credentials): KubernetesApi {
    return new KubernetesApi(this.#url, this.#caPem, credentials);
  }

  /** Resolves with whatever the server answers; rejects when it can't be reached or the signal is aborted. */
  async answer(method: string, path: string, request: ApiRequest, { signal }: { readonly signal: AbortSignal }): Promise<ApiAnswer> {
    const response = await this.#fetch(method, path, request, signal);
    const text = await response.text();
    const isJson = /^application\/(.+\+)?json\b/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, body: isJson && text ? JSON.parse(text) : text };
  }

  /** The body of a successful answer. Throws ApiError for any other. */
  // biome-ignore lint/suspicious/noExplicitAny: as in ApiAnswer.
  async request(method: string, path: string, request: ApiRequest, { signal }: { readonly signal: AbortSignal }): Promise<any> {
    const answer = await this.answer(method, path, request, { signal });
    if (answer.status >= 300) throw new ApiError(method, path, answer);
    return answer.body;
  }

  /** The events of a watch, until the server ends it or the signal is aborted, which throws its reason. */
  async *watch(path: string, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<WatchEvent> {
    const response = await this.#fetch('GET', path, {}, signal);
    if (response.status >= 300 || !response.body) throw new ApiError('GET', path, { status: response.status, body: await response.text() });
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as WatchEvent;
    }
  }

  /** Ends its connections; nothing may be asked any more. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #fetch(
    method: string,
    path: string,
    { body, contentType = 'application/json', accept = 'application/json' }: ApiRequest,
    signal: AbortSignal,
  ) {
    return fetch(new URL(path, this.#url), {
      method,
      headers: { ...this.#headers, accept, ...(body === undefined ? {} : { 'content-type': contentType }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      dispatcher: this.#agent,
      signal,
    });
  }
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  // biome-ignore lint/suspicious/noExplicitAny: as in ApiAnswer.
  readonly object: any;
}
