import { type Message, message, readText, sqlStateOf } from './messages.ts';

/** What the server still has to answer, in order. */
interface Pending {
  readonly kind: 'login' | 'query' | 'parse' | 'bind' | 'describe' | 'execute' | 'close' | 'sync';
  readonly statement: Statement;
  /** Sent by the gateway itself: its answer is not for the client. */
  readonly hidden: boolean;
  /** The line is to be cut when it has run. */
  readonly cut: boolean;
}

/** A statement as the client wrote it. */
export interface Statement {
  readonly text: string;
  /** Whether it is a SECURITY LABEL, which ran as something else. */
  readonly isLabel: boolean;
}

/** What to do with a message of the server. */
export type Verdict = { readonly kind: 'forward'; readonly bytes: Buffer } | { readonly kind: 'keep' } | { readonly kind: 'cut' };

const none: Statement = { text: '', isLabel: false };
const kinds = { E: 'execute', D: 'describe', C: 'close' } as const;
const keep: Verdict = { kind: 'keep' };

/**
 * Follows one session's messages in both directions and tells of each statement how it ended: '' or its SQLSTATE.
 * The rules are those of https://www.postgresql.org/docs/18/protocol-flow.html
 */
export class StatementTracker {
  readonly #ended: (statement: string, error: string) => void;
  readonly #statements = new Map<string, Statement>();
  readonly #portals = new Map<string, Statement>();
  #pending: Pending[] = [];
  #skipping = false;
  #copying = false;
  #cutting = false;

  constructor(ended: (statement: string, error: string) => void) {
    this.#ended = ended;
  }

  /** After an error the server passes over everything up to the next Sync. */
  get isSkipping(): boolean {
    return this.#skipping;
  }

  /** The statement that a Bind, Execute, Describe or Close is about. */
  statementOf({ type, body }: Message): Statement {
    const first = readText(body);
    if (type === 'E') return this.#portals.get(first.text) ?? none;
    if (type === 'B') return this.#statements.get(readText(body, first.end).text) ?? none;
    return (first.text.startsWith('P') ? this.#portals : this.#statements).get(first.text.slice(1)) ?? none;
  }

  /** The startup packet went to the server. */
  loginSent(options: { readonly cut: boolean }): void {
    this.#add('login', { text: 'LOGIN', isLabel: false }, options);
  }

  /** A client's message went to the server. `statement`: of a Query or Parse. */
  sent(sent: Message, options: { readonly statement?: Statement; readonly cut?: boolean; readonly hidden?: boolean } = {}): void {
    if (this.#skipping && sent.type !== 'S') return;
    switch (sent.type) {
      case 'Q':
      case 'F':
        this.#add('query', options.statement ?? { text: 'FUNCTION CALL', isLabel: false }, options);
        break;
      case 'P':
        if (!options.hidden) this.#statements.set(readText(sent.body).text, options.statement ?? none);
        this.#add('parse', options.statement ?? none, options);
        break;
      case 'B': {
        const statement = options.statement ?? this.statementOf(sent);
        if (!options.hidden) this.#portals.set(readText(sent.body).text, statement);
        this.#add('bind', statement, options);
        break;
      }
      case 'E':
      case 'D':
      case 'C':
        this.#add(kinds[sent.type], options.statement ?? this.statementOf(sent), options);
        break;
      case 'S':
        this.#skipping = false;
        if (!this.#copying) this.#add('sync', none, options);
        break;
      case 'c':
      case 'f':
        this.#copying = false;
        break;
    }
  }

  /** A message of the server came. */
  received(received: Message): Verdict {
    const head = this.#pending[0];
    switch (received.type) {
      case 'E':
        this.#failed(sqlStateOf(received.body), head);
        break;
      case 'Z':
        this.#pending.shift();
        if (head?.kind === 'login' || head?.kind === 'query') this.#succeeded(head);
        if (this.#cutting) return { kind: 'cut' };
        break;
      case 'n':
      case 'T':
        if (head?.kind === 'describe') this.#pending.shift();
        break;
      case 'G':
        if (head?.kind === 'execute') this.#beginCopy();
        break;
      case '1':
      case '2':
      case '3':
        this.#pending.shift();
        if (head?.hidden) return keep;
        break;
      case 'C':
      case 'I':
      case 's':
        if (head?.kind === 'execute') {
          this.#pending.shift();
          this.#succeeded(head);
        }
        if (received.type === 'C' && head?.statement.isLabel && !head.cut)
          return { kind: 'forward', bytes: message('C', 'SECURITY LABEL') };
    }
    return this.#cutting || head?.cut ? keep : { kind: 'forward', bytes: received.bytes };
  }

  /** The line is gone: what had no answer ended with connection_failure. */
  closed(): void {
    for (const { kind, statement } of this.#pending.splice(0))
      if (kind === 'login' || kind === 'query' || kind === 'execute') this.#ended(statement.text, '08006');
  }

  #add(
    kind: Pending['kind'],
    statement: Statement,
    { cut = false, hidden = false }: { readonly cut?: boolean; readonly hidden?: boolean },
  ): void {
    this.#pending.push({ kind, statement, cut, hidden });
  }

  #succeeded(head: Pending): void {
    this.#cutting ||= head.cut;
    this.#ended(head.statement.text, '');
  }

  #failed(error: string, head: Pending | undefined): void {
    if (!head) return;
    this.#copying = false;
    this.#cutting ||= head.cut;
    this.#ended(head.kind === 'sync' ? 'SYNC' : head.statement.text, error);
    if (head.kind === 'sync') return;
    if (head.kind === 'login') {
      this.#pending = [];
    } else if (head.kind === 'query') {
      // ReadyForQuery is still to come, and stands for no success then
      this.#pending[0] = { ...head, kind: 'sync' };
    } else {
      const sync = this.#pending.findIndex(({ kind }) => kind === 'sync');
      this.#pending = sync < 0 ? [] : this.#pending.slice(sync);
      this.#skipping = sync < 0;
    }
  }

  /** The server passes over a Sync that came before the end of the copied data. */
  #beginCopy(): void {
    this.#copying = true;
    const sync = this.#pending.findIndex(({ kind }) => kind === 'sync');
    if (sync >= 0) this.#pending.splice(sync, 1);
  }
}
