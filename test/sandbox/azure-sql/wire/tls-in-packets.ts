import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { headerLength, messageTypes, packetsOf } from './messages.ts';

/**
 * TLS as TDS 7 carries it: the handshake inside of PRELOGIN packets, everything after it bare ([MS-TDS] 3.2.5.2). The context must end at TLS 1.2: the session tickets of 1.3
 * come after the handshake, and go-mssqldb takes them for a broken record.
 */
export function startTls(socket: Socket, secureContext: SecureContext): TLSSocket {
  const tls = new TLSSocket(new HandshakeCarrier(socket), { isServer: true, secureContext });
  // a client that keeps its end open must not keep the server's port
  return tls.once('close', () => socket.destroySoon());
}

class HandshakeCarrier extends Duplex {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  /** The client has sent its first bare byte. */
  #isBare = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(this.#isBare ? chunk : packetsOf(chunk, { type: messageTypes.prelogin }), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (!this.#isBare && this.#received.length >= headerLength) {
      if (this.#received[0] !== messageTypes.prelogin) {
        this.#isBare = true;
        break;
      }
      const length = this.#received.readUInt16BE(2);
      if (length < headerLength || this.#received.length < length) return;
      this.#give(this.#received.subarray(headerLength, length));
      this.#received = this.#received.subarray(length);
    }
    if (!this.#isBare) return;
    const bytes = this.#received;
    this.#received = Buffer.alloc(0);
    this.#give(bytes);
  }

  #give(bytes: Buffer): void {
    if (bytes.length > 0 && !this.push(bytes)) this.#socket.pause();
  }
}
