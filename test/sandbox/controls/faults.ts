import type { JournalKind } from './journal.ts';

/** What an injected fault answers. For sql `code` is the SQLSTATE, errno or error number; `drop` cuts the line before or after the request ran. */
export interface FaultResponse {
  readonly status?: number;
  readonly code?: string | number;
  readonly retryAfter?: number;
  readonly delayMs?: number;
  readonly drop?: 'before' | 'after';
  /** What the error says; the sandbox's own words when left out. */
  readonly message?: string;
  /** For arm, a body that is sent as it is in place of the answer's own, with status 200. */
  readonly body?: string;
}

export interface Fault {
  /** `path` is a regular expression: on the URL's path, on the scope for tokens, on the statement for sql, where a login is the statement LOGIN. */
  readonly match: { readonly kind: JournalKind; readonly method?: string; readonly path?: string };
  readonly respond: FaultResponse;
  /** How often it strikes; for ever when left out. */
  readonly times?: number;
}

/** The faults that a test has ordered. */
export class Faults {
  #faults: { readonly fault: Fault; readonly path: RegExp; left: number }[] = [];

  /** Throws SyntaxError for a path that is no regular expression. */
  add(fault: Fault): void {
    this.#faults.push({ fault, path: new RegExp(fault.match.path ?? ''), left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** Those that can still strike. */
  list(): readonly Fault[] {
    return this.#faults
      .filter(({ left }) => left > 0)
      .map(({ fault, left }) => ({ ...fault, ...(Number.isFinite(left) && { times: left }) }));
  }

  clear(): void {
    this.#faults = [];
  }

  /** The response of the first fault that fits, which is used up once more by this. */
  strike(kind: JournalKind, method: string, path: string): FaultResponse | undefined {
    const found = this.#faults.find(
      (each) =>
        each.left > 0 &&
        each.fault.match.kind === kind &&
        (each.fault.match.method === undefined || each.fault.match.method.toUpperCase() === method.toUpperCase()) &&
        each.path.test(path),
    );
    if (!found) return undefined;
    found.left -= 1;
    return found.fault.respond;
  }
}
