import type { Notice } from './wire/tokens.ts';

/** How far an error reaches: [U] as https://www.sommarskog.se/error_handling/Part2.html describes it. */
export type Reach = 'statement' | 'batch' | 'transaction' | 'session';

/** An error that the server answers with, by its number in sys.messages. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly number: number;
  readonly state: number;
  readonly class: number;
  readonly reach: Reach;

  constructor(
    number: number,
    message: string,
    { state = 1, severity = 16, reach = 'statement' }: { readonly state?: number; readonly severity?: number; readonly reach?: Reach } = {},
  ) {
    super(message);
    this.number = number;
    this.state = state;
    this.class = severity;
    this.reach = reach;
  }

  get notice(): Notice {
    return { number: this.number, state: this.state, class: this.class, message: this.message };
  }
}
