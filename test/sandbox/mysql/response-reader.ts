import { errorOf, readLength, type ServerError } from './packets.ts';

/** What the server sends for a command: nothing, one packet, result sets, the answer to a Prepare, or packets up to an EOF. */
export type ResponseShape = 'none' | 'single' | 'results' | 'prepared' | 'rows';

/** How far a response is. */
export type Progress =
  | { readonly kind: 'goes on' }
  | { readonly kind: 'succeeded'; readonly statementId?: number }
  | { readonly kind: 'failed'; readonly error: ServerError };

const goesOn: Progress = { kind: 'goes on' };
const succeeded: Progress = { kind: 'succeeded' };
const moreResults = 0x8;
const cursorExists = 0x40;
const longestEof = 8;

/**
 * Finds the end of one response; the session must not use DEPRECATE_EOF.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
export class ResponseReader {
  readonly #shape: ResponseShape;
  #part: 'head' | 'columns' | 'rows' = 'head';
  #statementId = 0;
  #eofsLeft = 0;

  constructor(shape: ResponseShape) {
    this.#shape = shape;
  }

  /** A packet came that does not go on from one of the greatest length. */
  receive(payload: Buffer): Progress {
    const error = errorOf(payload);
    if (error) return { kind: 'failed', error };
    switch (this.#shape) {
      case 'none':
      case 'single':
        return succeeded;
      case 'rows':
        return isEof(payload) ? succeeded : goesOn;
      case 'prepared':
        return this.#prepared(payload);
      case 'results':
        return this.#results(payload);
      default:
        return this.#shape satisfies never;
    }
  }

  #prepared(payload: Buffer): Progress {
    if (this.#part === 'head') {
      this.#part = 'columns';
      this.#statementId = payload.readUInt32LE(1);
      this.#eofsLeft = [payload.readUInt16LE(5), payload.readUInt16LE(7)].filter((count) => count > 0).length;
    } else if (isEof(payload)) {
      this.#eofsLeft -= 1;
    }
    return this.#eofsLeft === 0 ? { kind: 'succeeded', statementId: this.#statementId } : goesOn;
  }

  #results(payload: Buffer): Progress {
    if (this.#part === 'head') {
      if (payload[0] === 0) return this.#endOfResult(statusOfOk(payload));
      this.#part = 'columns';
      return goesOn;
    }
    if (!isEof(payload)) return goesOn;
    const status = payload.readUInt16LE(3);
    if (this.#part === 'rows' || (status & cursorExists) !== 0) return this.#endOfResult(status);
    this.#part = 'rows';
    return goesOn;
  }

  #endOfResult(status: number): Progress {
    if ((status & moreResults) === 0) return succeeded;
    this.#part = 'head';
    return goesOn;
  }
}

function isEof(payload: Buffer): boolean {
  return payload[0] === 0xfe && payload.length <= longestEof;
}

function statusOfOk(payload: Buffer): number {
  const affected = readLength(payload, 1);
  return payload.readUInt16LE(readLength(payload, affected.end).end);
}
