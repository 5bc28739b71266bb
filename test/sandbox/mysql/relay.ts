import type { Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { FaultResponse } from '../controls/faults.ts';
import type { AadSession, Translation } from './aad-session.ts';
import { readAadStatement } from './aad-statement.ts';
import { command, shapeOf } from './command.ts';
import { endsSession, injected, lostConnection, notPreparable, unknownCommand } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { errorPacket, longestPayload, type Packet, PacketReader, packet, type ServerError } from './packets.ts';

export interface RelayOptions {
  readonly client: Socket;
  readonly backend: Socket;
  readonly exchange: Exchange;
  readonly aad: AadSession;
  /** A statement in the words of the engine. */
  readonly reworded: (statement: string) => string;
  /** The fault that is to befall a statement. */
  readonly strike: (statement: string) => FaultResponse | undefined;
  /** A statement that did not get to the server. */
  readonly prevented: (statement: string, error: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const nothing: Buffer = Buffer.alloc(0);

/** Passes packets both ways until either side closes. Statements are followed, what only Azure knows is translated, faults injected; everything else passes as it came. */
export async function relay(options: RelayOptions): Promise<void> {
  const { client, backend, exchange } = options;
  const toBackend = new Transform({ transform: commands(options) });
  const toClient = new Transform({ transform: answers(exchange, () => cut(options)) });
  try {
    await Promise.allSettled([pipeline(client, toBackend, backend), pipeline(backend, toClient, client)]);
  } finally {
    exchange.closed();
    cut(options);
  }
}

function commands(options: RelayOptions) {
  const reader = new PacketReader();
  let continues = false;
  let passed = nothing;
  const forwardAll = async (packets: readonly Packet[], push: (bytes: Buffer) => void) => {
    for (const each of packets) {
      const isContinuation = continues;
      continues = each.payload.length === longestPayload;
      if (!isContinuation) {
        await options.exchange.idle;
        passed = await forwarded(each, options);
        push(passed);
      } else if (passed !== nothing) {
        push(each.bytes);
      }
    }
  };
  return function transform(this: Transform, chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    forwardAll(reader.push(chunk), (bytes) => this.push(bytes)).then(() => done(), done);
  };
}

/** What goes to the server for a command of the client; nothing where it is answered here. */
async function forwarded(sent: Packet, options: RelayOptions): Promise<Buffer> {
  const { payload } = sent;
  const { exchange, aad } = options;
  const code = payload[0] ?? 0;
  const shape = shapeOf(code);
  if (shape === undefined) return refuse('', unknownCommand, options);
  switch (code) {
    case command.query:
      return query(sent, options);
    case command.prepare:
      return prepare(sent, options);
    case command.execute: {
      const sql = exchange.textOf(payload.readUInt32LE(1));
      const fate = await fateOf(sql, options);
      if (fate.kind === 'prevented') return nothing;
      exchange.sent({ shape, sql, isStatement: true, cut: fate.cut });
      return sent.bytes;
    }
    case command.close:
      exchange.forget(payload.readUInt32LE(1));
      break;
    case command.resetConnection:
      aad.reset();
      break;
  }
  exchange.sent({ shape, sql: '', isStatement: false, cut: false });
  return sent.bytes;
}

async function query(sent: Packet, options: RelayOptions): Promise<Buffer> {
  const sql = sent.payload.toString('utf8', 1);
  const fate = await fateOf(sql, options);
  if (fate.kind === 'prevented') return nothing;
  const translation = await translated(sql, sent, options);
  if (translation.kind === 'refuse') return refuse(sql, translation.error, options);
  options.exchange.sent({ shape: 'results', sql, isStatement: true, cut: fate.cut });
  return translation.sql === sql ? sent.bytes : packet(sent.sequence, command.query, Buffer.from(translation.sql));
}

/** What is longer than one packet passes as it is. */
async function translated(sql: string, { payload }: Packet, { aad, reworded }: RelayOptions): Promise<Translation> {
  if (payload.length === longestPayload) return { kind: 'send', sql };
  const azures = readAadStatement(sql);
  return azures ? aad.translate(azures) : { kind: 'send', sql: reworded(sql) };
}

function prepare(sent: Packet, options: RelayOptions): Buffer {
  const sql = sent.payload.toString('utf8', 1);
  if (readAadStatement(sql)) return refuse(sql, notPreparable, options);
  options.exchange.sent({ shape: 'prepared', sql, isStatement: false, cut: false });
  const sentSql = sent.payload.length === longestPayload ? sql : options.reworded(sql);
  return sentSql === sql ? sent.bytes : packet(sent.sequence, command.prepare, Buffer.from(sentSql));
}

type Fate = { readonly kind: 'runs'; readonly cut: boolean } | { readonly kind: 'prevented' };

/** Lets the fault that is ordered for a statement befall it. */
async function fateOf(sql: string, options: RelayOptions): Promise<Fate> {
  const fault = options.strike(sql);
  if (fault?.delayMs !== undefined) await options.clock.sleep(fault.delayMs, options.signal);
  if (fault?.drop === 'before') {
    options.prevented(sql, lostConnection);
    cut(options);
    return { kind: 'prevented' };
  }
  if (fault?.code === undefined) return { kind: 'runs', cut: fault?.drop === 'after' };
  const error = injected(fault.code);
  refuse(sql, error, options);
  if (endsSession(error.code)) cut(options);
  return { kind: 'prevented' };
}

/** Answers in the server's place, which has nothing more to say at this moment. */
function refuse(sql: string, error: ServerError, { client, prevented }: RelayOptions): Buffer {
  if (sql !== '') prevented(sql, String(error.code));
  client.write(errorPacket(1, error));
  return nothing;
}

/** Ends both lines; what was written to the client still reaches it. */
function cut({ client, backend }: Pick<RelayOptions, 'client' | 'backend'>): void {
  client.destroySoon();
  backend.destroy();
}

function answers(exchange: Exchange, cutLine: () => void) {
  const reader = new PacketReader();
  return function transform(this: Transform, chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const passed: Buffer[] = [];
    for (const each of reader.push(chunk)) {
      const verdict = exchange.received(each);
      if (verdict.kind === 'cut') {
        cutLine();
        break;
      }
      if (verdict.kind === 'forward') passed.push(verdict.bytes);
    }
    done(null, Buffer.concat(passed));
  };
}
