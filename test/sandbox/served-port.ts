import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as Listener, type Socket } from 'node:net';

/** One client's connection. */
export interface ServedConnection {
  /** Serves the client until it or the server has gone. Never rejects. */
  run(): Promise<void>;
  /** Ends it as a server does that shuts down. */
  terminate(): void;
}

/** A port that can be closed and opened again, as when a server is stopped and started. */
export class ServedPort {
  readonly host: string;
  readonly #serve: (socket: Socket) => ServedConnection | undefined;
  readonly #connections = new Set<ServedConnection>();
  #port: number;
  #listener: Listener | undefined;

  /** Port 0 takes any. A connection for which `serve` gives nothing is closed at once. */
  constructor({ host, port }: { readonly host: string; readonly port: number }, serve: (socket: Socket) => ServedConnection | undefined) {
    this.host = host;
    this.#port = port;
    this.#serve = serve;
  }

  get port(): number {
    return this.#port;
  }

  /** Throws what listening throws, for example EADDRINUSE. */
  async open(): Promise<void> {
    if (this.#listener) return;
    const listener = createServer({ noDelay: true }, (socket) => void this.#run(socket));
    this.#listener = listener.listen(this.#port, this.host);
    try {
      await once(listener, 'listening');
    } catch (error) {
      this.#listener = undefined;
      throw error;
    }
    this.#port = (listener.address() as AddressInfo).port;
  }

  /** Ends all connections too. */
  async close(): Promise<void> {
    const listener = this.#listener;
    if (!listener) return;
    this.#listener = undefined;
    const closed = once(listener, 'close');
    listener.close();
    for (const connection of this.#connections) connection.terminate();
    await closed;
  }

  async #run(socket: Socket): Promise<void> {
    const connection = this.#serve(socket);
    if (!connection) {
      socket.destroy();
      return;
    }
    this.#connections.add(connection);
    await connection.run();
    this.#connections.delete(connection);
  }
}
