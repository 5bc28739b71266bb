import type { Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { FaultResponse } from '../controls/faults.ts';
import { fatalError, type Message, MessageReader, message, readText } from './messages.ts';
import { failingStatement, injectedText, rewriteSecurityLabel } from './security-label.ts';
import type { Statement, StatementTracker } from './statement-tracker.ts';

export interface RelayOptions {
  readonly client: Socket;
  readonly backend: Socket;
  readonly tracker: StatementTracker;
  /** The fault that is to befall a statement. */
  readonly strike: (statement: string) => FaultResponse | undefined;
  /** A statement that a fault kept from the server. */
  readonly prevented: (statement: string, error: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** SQLSTATEs that end the session: shutdown, lost connection, time-outs. */
const fatal = /^(57P0|08|25P0[34])/;
const injected = 'sandbox';

/** Passes messages both ways until either side closes. Statements are followed, labels rewritten, faults injected; everything else passes as it came. */
export async function relay(options: RelayOptions): Promise<void> {
  const { client, backend, tracker } = options;
  const reader = new MessageReader();
  const toBackend = new Transform({
    transform: (chunk, _encoding, done) => void forwardAll(reader.push(chunk), toBackend, options).then(() => done(), done),
  });
  const toClient = new Transform({ transform: answers(tracker, () => cut(client, backend)) });
  try {
    await Promise.allSettled([pipeline(client, toBackend, backend), pipeline(backend, toClient, client)]);
  } finally {
    tracker.closed();
    cut(client, backend);
  }
}

async function forwardAll(messages: readonly Message[], toBackend: Transform, options: RelayOptions): Promise<void> {
  for (const each of messages) for (const bytes of await forwarded(each, options)) toBackend.push(bytes);
}

/** What goes to the server for a message of the client. */
async function forwarded(sent: Message, options: RelayOptions): Promise<readonly Buffer[]> {
  const { tracker } = options;
  if (tracker.isSkipping || !'QPE'.includes(sent.type)) {
    tracker.sent(sent);
    return [sent.bytes];
  }
  if (sent.type === 'P') return [parse(sent, tracker)];
  const rewritten = sent.type === 'Q' ? rewriteSecurityLabel(readText(sent.body).text) : undefined;
  const statement: Statement =
    sent.type === 'Q' ? { text: readText(sent.body).text, isLabel: rewritten !== undefined } : tracker.statementOf(sent);
  const fault = options.strike(statement.text);
  if (fault?.delayMs !== undefined) await options.clock.sleep(fault.delayMs, options.signal);
  if (fault?.drop === 'before') return lose(statement, '08006', options);
  if (fault?.code !== undefined)
    return fail(sent, statement, { code: String(fault.code), message: fault.message ?? injectedText }, options);
  tracker.sent(sent, { statement, cut: fault?.drop === 'after' });
  return [rewritten === undefined ? sent.bytes : message('Q', rewritten)];
}

function parse(sent: Message, tracker: StatementTracker): Buffer {
  const name = readText(sent.body);
  const { text, end } = readText(sent.body, name.end);
  const rewritten = rewriteSecurityLabel(text);
  tracker.sent(sent, { statement: { text, isLabel: rewritten !== undefined } });
  return rewritten === undefined ? sent.bytes : message('P', name.text, rewritten, sent.body.subarray(end));
}

/** Lets PostgreSQL itself fail in the statement's place, so that transactions and the rest of the batch go as after any error. */
function fail(
  sent: Message,
  statement: Statement,
  { code, message: text }: { readonly code: string; readonly message: string },
  options: RelayOptions,
): readonly Buffer[] {
  if (fatal.test(code)) {
    options.client.write(fatalError(code, text));
    return lose(statement, code, options);
  }
  const { tracker } = options;
  const failing = failingStatement(code, text);
  if (sent.type === 'Q') {
    tracker.sent(sent, { statement: { ...statement, isLabel: false } });
    return [message('Q', failing)];
  }
  const none = Buffer.alloc(2);
  const instead = [
    message('C', `S${injected}`),
    message('P', injected, failing, none),
    message('B', injected, injected, none, none, none),
    message('E', injected, Buffer.alloc(4)),
  ];
  const [reader, hidden] = [new MessageReader(), { statement, hidden: true }];
  for (const each of reader.push(Buffer.concat(instead))) tracker.sent(each, hidden);
  return instead;
}

function lose(statement: Statement, error: string, { prevented, client, backend }: RelayOptions): readonly Buffer[] {
  prevented(statement.text, error);
  cut(client, backend);
  return [];
}

/** Ends both lines; what was written to the client still reaches it. */
function cut(client: Socket, backend: Socket): void {
  client.destroySoon();
  backend.destroy();
}

function answers(tracker: StatementTracker, cutLine: () => void) {
  const reader = new MessageReader();
  return function transform(this: Transform, chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const passed: Buffer[] = [];
    for (const each of reader.push(chunk)) {
      const verdict = tracker.received(each);
      if (verdict.kind === 'cut') {
        cutLine();
        break;
      }
      if (verdict.kind === 'forward') passed.push(verdict.bytes);
    }
    done(null, Buffer.concat(passed));
  };
}
