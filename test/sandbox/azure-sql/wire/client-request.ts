import { ByteCursor } from './byte-cursor.ts';
import { type Message, messageTypes } from './messages.ts';
import { decodeValue, type TypedValue } from './type-decoder.ts';

export interface Argument extends TypedValue {
  /** With its @; '' when it goes by its place. */
  readonly name: string;
  /** The client wants to be told its value afterwards. */
  readonly isOutput: boolean;
}

/** What a client asks for after its login. */
export type ClientRequest =
  | { readonly kind: 'batch'; readonly text: string }
  | { readonly kind: 'call'; readonly procedure: string; readonly arguments: readonly Argument[] }
  | { readonly kind: 'begin'; readonly name: string }
  /** `begins`: a new transaction follows. */
  | { readonly kind: 'commit' | 'rollback'; readonly name: string; readonly begins: boolean }
  | { readonly kind: 'save'; readonly name: string }
  | { readonly kind: 'attention' }
  | { readonly kind: 'unserved'; readonly what: string };

/** Procedures that have a number: [MS-TDS] 2.2.6.6. */
const numbered: Readonly<Record<number, string>> = {
  10: 'sp_executesql',
  11: 'sp_prepare',
  12: 'sp_execute',
  13: 'sp_prepexec',
  15: 'sp_unprepare',
};

/** What can't be read is not served. */
export function readRequest(message: Message): ClientRequest {
  try {
    return parseRequest(message);
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'unserved', what: error.message };
    throw error;
  }
}

function parseRequest({ type, payload }: Message): ClientRequest {
  const cursor = new ByteCursor(payload);
  switch (type) {
    case messageTypes.batch:
      skipHeaders(cursor);
      return { kind: 'batch', text: cursor.rest().toString('utf16le') };
    case messageTypes.rpc:
      skipHeaders(cursor);
      return readCall(cursor);
    case messageTypes.transaction:
      skipHeaders(cursor);
      return readTransaction(cursor);
    case messageTypes.attention:
      return { kind: 'attention' };
    default:
      return { kind: 'unserved', what: `messages of type ${type}` };
  }
}

/** ALL_HEADERS: [MS-TDS] 2.2.5.3. */
function skipHeaders(cursor: ByteCursor): void {
  cursor.bytes(cursor.uint32() - 4);
}

function readCall(cursor: ByteCursor): ClientRequest {
  const length = cursor.uint16();
  const number = length === 0xffff ? cursor.uint16() : undefined;
  const procedure = number === undefined ? cursor.text(length) : numbered[number];
  cursor.uint16(); // options
  if (procedure === undefined) return { kind: 'unserved', what: `procedure ${number}` };
  const given: Argument[] = [];
  while (!cursor.isAtEnd) {
    const name = cursor.text(cursor.uint8());
    const isOutput = (cursor.uint8() & 0x01) !== 0;
    given.push({ name, isOutput, ...decodeValue(cursor) });
  }
  return { kind: 'call', procedure, arguments: given };
}

/** [MS-TDS] 2.2.6.9. */
function readTransaction(cursor: ByteCursor): ClientRequest {
  const type = cursor.uint16();
  switch (type) {
    case 5:
      cursor.uint8(); // isolation level
      return { kind: 'begin', name: cursor.text(cursor.uint8() / 2) };
    case 7:
    case 8: {
      const name = cursor.text(cursor.uint8() / 2);
      return { kind: type === 7 ? 'commit' : 'rollback', name, begins: (cursor.uint8() & 0x01) !== 0 };
    }
    case 9:
      return { kind: 'save', name: cursor.text(cursor.uint8() / 2) };
    default:
      return { kind: 'unserved', what: `transaction request ${type}` };
  }
}
