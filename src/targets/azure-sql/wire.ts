import { connect, type Socket } from 'node:net';
import { getCACertificates, TLSSocket } from 'node:tls';
import type { ConnectionConfiguration } from 'tedious';
import { ConnectionError } from '../../api/connection-error.ts';
import type { NetworkPlace } from '../network-errors.ts';
import { port, statementTimeoutInMs } from './session-settings.ts';

const connectTimeoutInMs = 15_000;
/** What one statement may answer, whatever somebody put into the catalogs. */
const maximumAnswerBytes = 32 * 1024 * 1024;
/** The first, and one to which the gateway sends us on (https://learn.microsoft.com/azure/azure-sql/database/connectivity-architecture). */
const maximumConnections = 2;

export interface WireOptions {
  readonly host: string;
  readonly database: string;
  /** Whether a host is one to which Azure's gateway may send us on: it must be inside of the cloud as well. */
  readonly isRedirectHost: (host: string) => boolean;
  /** Certificates to trust besides Node's own, in PEM. */
  readonly ca: string | undefined;
}

/** The sockets below a session: only to hosts of the cloud, of which the last counts, and only so much is read from them. */
export class Wire {
  readonly host: string;
  readonly #options: WireOptions;
  /** Told what makes the session useless. */
  readonly #fail: (error: ConnectionError) => void;
  #sockets: readonly Socket[] = [];
  #redirect: NetworkPlace | undefined;
  #tls: TLSSocket | undefined;
  #answerBytes = 0;

  constructor(options: WireOptions, fail: (error: ConnectionError) => void) {
    this.host = options.host;
    this.#options = options;
    this.#fail = fail;
  }

  /** Where the server sent us on to. */
  get redirect(): NetworkPlace | undefined {
    return this.#redirect;
  }

  /** Whether the host that we are at has shown a trusted certificate with its name on it. */
  get isTrusted(): boolean {
    return this.#tls?.authorized === true && this.#sockets.at(-1)?.destroyed === false;
  }

  /** Connects to the server, or to where it sends us. `target`: what tedious hands to a connector, which its types don't tell. */
  async connect(target: unknown): Promise<Socket> {
    this.#tls = undefined;
    const { host, port: number } = (target ?? {}) as Partial<NetworkPlace>;
    const isFirst = this.#sockets.length === 0;
    if (isFirst ? host !== this.host || number !== port : !this.#mayGoOnTo(host, number)) {
      const error = new ConnectionError(
        'waiting',
        'WrongServer',
        `${this.host} sends the operator on to a host outside of the cloud, so nothing was sent there: see where the name leads in the cluster's DNS`,
      );
      this.#fail(error);
      throw error;
    }
    const place = { host, port: number } as NetworkPlace;
    if (!isFirst) this.#redirect = place;
    const socket = connect({ ...place, noDelay: true, keepAlive: true });
    this.#sockets = [...this.#sockets, socket];
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(Object.assign(new Error('the socket was closed'), { code: 'ECONNRESET' })));
    await promise;
    socket.off('error', reject);
    // tedious listens from now on, but not while it changes from one socket to the next
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#count(chunk.length));
    return socket;
  }

  /** TLS stands on the last socket. */
  secured(tls: unknown): void {
    this.#tls = tls instanceof TLSSocket ? tls : undefined;
  }

  /** Counts what is answered from now on. */
  startCounting(): void {
    this.#answerBytes = 0;
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #mayGoOnTo(host: unknown, number: unknown): boolean {
    return (
      this.#sockets.length < maximumConnections &&
      typeof host === 'string' &&
      this.#options.isRedirectHost(host) &&
      Number.isInteger(number) &&
      Number(number) > 0 &&
      Number(number) < 65_536
    );
  }

  #count(bytes: number): void {
    this.#answerBytes += bytes;
    if (this.#answerBytes <= maximumAnswerBytes) return;
    const message = `database ${this.#options.database} answers with more than ${maximumAnswerBytes / 1024 / 1024} MiB: something in its catalogs is too large to be looked after`;
    this.#fail(new ConnectionError('stalled', 'TooManyObjects', message));
  }
}

const certificates = new Map<string, readonly string[]>();

/** Node's own certificates and ours; undefined means Node's own, which Node keeps at hand. */
function trusted(ca: string | undefined): readonly string[] | undefined {
  if (ca === undefined) return undefined;
  const known = certificates.get(ca) ?? [...getCACertificates('default'), ca];
  certificates.set(ca, known);
  return known;
}

/** How tedious shall connect. */
export function connectionConfig(
  { host, database, ca }: WireOptions,
  { connector, token }: { readonly connector: () => Promise<Socket>; readonly token: () => Promise<string> },
): ConnectionConfiguration {
  const trust = trusted(ca);
  return {
    server: host,
    authentication: {
      type: 'token-credential',
      options: {
        // whatever scope the server names: the token is for databases of the operator's own cloud
        credential: { getToken: async () => ({ token: await token(), expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) },
      },
    },
    options: {
      port,
      database,
      connector,
      encrypt: true,
      trustServerCertificate: false,
      cryptoCredentialsDetails: { minVersion: 'TLSv1.2', ...(trust && { ca: [...trust] }) },
      connectTimeout: connectTimeoutInMs,
      requestTimeout: statementTimeoutInMs,
      cancelTimeout: 5_000,
      maxRetriesOnTransientErrors: 0,
      abortTransactionOnError: true,
      appName: 'passwordless-operator',
      // else it is this pod's
      workstationId: 'passwordless-operator',
      useColumnNames: false,
      lowerCaseGuids: true,
    },
  };
}
