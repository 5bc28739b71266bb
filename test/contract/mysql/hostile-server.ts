import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Certificate } from '../../sandbox/certificates.ts';
import { type Arrival, receive } from '../../sandbox/mysql/arrival.ts';
import { capability } from '../../sandbox/mysql/handshake.ts';
import { type Packet, packet, readPacket } from '../../sandbox/mysql/packets.ts';

/** Somebody who answers in a server's place. */
export interface HostileServer {
  /** All that clients sent, past TLS where there is any. */
  received(): string;
  stop(): Promise<void>;
}

/** What is said to one client. */
export interface Line {
  readonly arrival: Arrival;
  send(...packets: readonly Buffer[]): void;
  /** The client's next packet. */
  next(): Promise<Packet>;
}

export interface HostileServerOptions {
  readonly host: string;
  readonly certificate: Certificate;
  /** In place of a greeting that offers TLS. */
  readonly greeting?: Buffer;
  /** What follows the client's answer to the greeting. */
  readonly goOn?: (line: Line) => void | Promise<void>;
}

const everyday = capability.longPassword | capability.protocol41 | capability.secureConnection | capability.pluginAuth;

/** The first packet of a server of MySQL 8.0. */
export function greeting({ tls = true, plugin = 'caching_sha2_password' } = {}): Buffer {
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(tls ? everyday | capability.ssl : everyday);
  const nonce = Buffer.alloc(20, 'n');
  const parts = [Buffer.alloc(4, 1), nonce.subarray(0, 8), 0, flags.subarray(0, 2), 45, Buffer.from([2, 0]), flags.subarray(2), 21];
  return packet(0, 10, '8.0.40', ...parts, Buffer.alloc(10), nonce.subarray(8), 0, plugin);
}

/** Asks for another plug-in than the greeting's. */
export function switchTo(plugin: string, sequence: number): Buffer {
  return packet(sequence, 0xfe, plugin, Buffer.alloc(20, 'n'), 0);
}

export function ok(sequence: number): Buffer {
  return packet(sequence, 0, 0, 0, Buffer.from([2, 0, 0, 0]));
}

/** Listens on the engine's port. */
export async function startHostileServer({
  host,
  certificate,
  greeting: first = greeting(),
  goOn,
}: HostileServerOptions): Promise<HostileServer> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const secureContext = createSecureContext(certificate);
  const sockets = new Set<Socket>();
  let received = '';
  const serve = async (socket: Socket) => {
    socket.write(first);
    const arrival = await receive(socket, secureContext, { signal });
    const { head, user, proof, rest } = arrival.response;
    received += Buffer.concat([head, Buffer.from(user), proof, rest]).toString('latin1');
    await goOn?.({
      arrival,
      send: (...packets) => arrival.socket.write(Buffer.concat(packets)),
      next: async () => {
        const read = await readPacket(arrival.socket, { signal });
        received += read.payload.toString('latin1');
        return read;
      },
    });
  };
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    // the client hangs up
    serve(socket).catch(() => socket.destroy());
  });
  listener.listen(3306, host);
  await once(listener, 'listening');
  return {
    received: () => received,
    stop: async () => {
      stopping.abort(new Error('stopped'));
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
