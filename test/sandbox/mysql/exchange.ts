import type { EngineKind } from './azure-shape.ts';
import { asOnAzure, lostConnection } from './errors.ts';
import { errorPacket, longestPayload, type Packet } from './packets.ts';
import { type Progress, ResponseReader, type ResponseShape } from './response-reader.ts';

/** A command that went to the server. */
export interface Sent {
  readonly shape: ResponseShape;
  /** As the client wrote it; '' for a command without one. */
  readonly sql: string;
  /** Whether it runs a statement, so that its end is told. */
  readonly isStatement: boolean;
  /** The line is to be cut when it has run. */
  readonly cut: boolean;
}

/** What to do with a packet of the server. */
export type Verdict = { readonly kind: 'forward'; readonly bytes: Buffer } | { readonly kind: 'keep' } | { readonly kind: 'cut' };

interface Current {
  readonly sent: Sent;
  readonly reader: ResponseReader;
}

const keep: Verdict = { kind: 'keep' };

/** Follows one session's commands and their responses, and tells of each statement how it ended: '' or its errno. A session has one command at a time. */
export class Exchange {
  readonly #engine: EngineKind;
  readonly #ended: (statement: string, error: string) => void;
  readonly #prepared = new Map<number, string>();
  #current: Current | undefined;
  #continues = false;
  #idle = Promise.withResolvers<void>();

  constructor(engine: EngineKind, ended: (statement: string, error: string) => void) {
    this.#engine = engine;
    this.#ended = ended;
    this.#idle.resolve();
  }

  /** Resolves when the server has answered everything, or is gone. */
  get idle(): Promise<void> {
    return this.#idle.promise;
  }

  /** The text of a prepared statement; '' when there is none. */
  textOf(statementId: number): string {
    return this.#prepared.get(statementId) ?? '';
  }

  /** The client has closed a prepared statement. */
  forget(statementId: number): void {
    this.#prepared.delete(statementId);
  }

  /** A command goes to the server; the one before must have been answered. */
  sent(sent: Sent): void {
    if (sent.shape === 'none') return;
    this.#current = { sent, reader: new ResponseReader(sent.shape) };
    this.#idle = Promise.withResolvers();
  }

  /** A packet of the server came. What it says unasked, as MariaDB to a session that was killed, is kept: MySQL just closes. */
  received({ payload, bytes, sequence }: Packet): Verdict {
    const current = this.#current;
    const goesOn = this.#continues;
    this.#continues = payload.length === longestPayload;
    if (!current) return keep;
    const progress: Progress = goesOn ? { kind: 'goes on' } : current.reader.receive(payload);
    const { sent } = current;
    switch (progress.kind) {
      case 'goes on':
        return sent.cut ? keep : { kind: 'forward', bytes };
      case 'succeeded':
        if (progress.statementId !== undefined) this.#prepared.set(progress.statementId, sent.sql);
        this.#finish(sent, '');
        return sent.cut ? { kind: 'cut' } : { kind: 'forward', bytes };
      case 'failed': {
        const error = asOnAzure(progress.error, { engine: this.#engine, sql: sent.sql });
        this.#finish(sent, String(error.code));
        return sent.cut ? { kind: 'cut' } : { kind: 'forward', bytes: errorPacket(sequence, error) };
      }
      default:
        return progress satisfies never;
    }
  }

  /** The line is gone. */
  closed(): void {
    if (this.#current) this.#finish(this.#current.sent, lostConnection);
  }

  #finish({ sql, isStatement, shape }: Sent, error: string): void {
    this.#current = undefined;
    // a Prepare is told of only where nothing can be run after it
    if (isStatement || (shape === 'prepared' && error !== '')) this.#ended(sql, error);
    this.#idle.resolve();
  }
}
