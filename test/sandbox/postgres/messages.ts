/** One message of the PostgreSQL protocol, version 3: https://www.postgresql.org/docs/18/protocol-message-formats.html */
export interface Message {
  /** The letter it begins with; clients and servers use the same letters for different things. */
  readonly type: string;
  readonly body: Buffer;
  /** All of it, letter and length included. */
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into messages. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #length = 0;
  /** No message can be complete below this. */
  #needed = 5;

  /** The messages that are complete with these bytes. */
  push(chunk: Buffer): Message[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const messages: Message[] = [];
    this.#needed = 5;
    while (rest.length >= this.#needed) {
      this.#needed = 1 + rest.readUInt32BE(1);
      if (rest.length < this.#needed) break;
      const bytes = rest.subarray(0, this.#needed);
      messages.push({ type: String.fromCharCode(bytes[0] ?? 0), body: bytes.subarray(5), bytes });
      rest = rest.subarray(this.#needed);
      this.#needed = 5;
    }
    this.#chunks = [rest];
    this.#length = rest.length;
    return messages;
  }
}

/** A message of this type. */
export function message(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** The text up to the first zero byte at `offset`, and the offset behind that. */
export function readText(body: Buffer, offset = 0): { readonly text: string; readonly end: number } {
  const zero = body.indexOf(0, offset);
  const end = zero < 0 ? body.length : zero;
  return { text: body.toString('utf8', offset, end), end: end + 1 };
}

/** An ErrorResponse that ends the session. */
export function fatalError(code: string, text: string): Buffer {
  return message('E', 'SFATAL', 'VFATAL', `C${code}`, `M${text}`, '');
}

/** The SQLSTATE of an ErrorResponse. */
export function sqlStateOf(body: Buffer): string {
  for (let offset = 0; offset < body.length && body[offset] !== 0; ) {
    const field = readText(body, offset);
    if (field.text.startsWith('C')) return field.text.slice(1);
    offset = field.end;
  }
  return '';
}
