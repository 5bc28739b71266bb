import { errors } from './errors.ts';
import { isReserved } from './reserved-words.ts';
import type { SqlError } from './sql-error.ts';
import { type Token, tokensOf } from './tokenizer.ts';

/** The parts of a name with dots, the last part last. */
export type NameParts = readonly string[];

/** Walks over the tokens of a batch. What does not fit ends in 102, or in 156 at a reserved word. */
export class TokenCursor {
  readonly sql: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(sql: string, options: { readonly quotedIdentifier: boolean }) {
    this.sql = sql;
    this.#tokens = tokensOf(sql, options);
  }

  get token(): Token {
    return this.at(0);
  }

  /** The token so many places further on. */
  at(ahead: number): Token {
    const token = this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)];
    if (!token) throw new Error('there is always an end');
    return token;
  }

  get isAtEnd(): boolean {
    return this.token.kind === 'end';
  }

  take(): Token {
    const { token } = this;
    this.#index += 1;
    return token;
  }

  /** Whether these words come next. */
  isAt(...words: readonly string[]): boolean {
    return words.every((word, index) => this.at(index).kind === 'word' && this.at(index).value.toUpperCase() === word);
  }

  /** Takes the words when they come next. */
  skip(...words: readonly string[]): boolean {
    if (!this.isAt(...words)) return false;
    this.#index += words.length;
    return true;
  }

  /** Takes the words, which must come next. */
  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.skip(word)) throw this.wrong();
  }

  isAtSymbol(symbol: string, ahead = 0): boolean {
    return this.at(ahead).kind === 'symbol' && this.at(ahead).value === symbol;
  }

  skipSymbol(symbol: string): boolean {
    if (!this.isAtSymbol(symbol)) return false;
    this.#index += 1;
    return true;
  }

  expectSymbol(symbol: string): void {
    if (!this.skipSymbol(symbol)) throw this.wrong();
  }

  /** One of the words, in capitals. */
  expectOneOf<const W extends string>(words: readonly W[]): W {
    const found = words.find((word) => this.isAt(word));
    if (!found) throw this.wrong();
    this.take();
    return found;
  }

  get isAtName(): boolean {
    return this.token.kind === 'name' || (this.token.kind === 'word' && !isReserved(this.token.value));
  }

  name(): string {
    if (!this.isAtName) throw this.wrong();
    const { value } = this.take();
    if (value.length > 128) throw errors.nameTooLong(value);
    return value;
  }

  /** A name of up to `most` parts. */
  names(most: number): NameParts {
    const parts = [this.name()];
    while (parts.length < most && this.skipSymbol('.')) parts.push(this.name());
    return parts;
  }

  /** `item, item, …`. */
  list<T>(item: () => T): readonly T[] {
    const items = [item()];
    while (this.skipSymbol(',')) items.push(item());
    return items;
  }

  /** `(item, item, …)`. */
  listInParentheses<T>(item: () => T): readonly T[] {
    this.expectSymbol('(');
    const items = this.list(item);
    this.expectSymbol(')');
    return items;
  }

  text(): string {
    if (this.token.kind !== 'text' && this.token.kind !== 'national text') throw this.wrong();
    return this.take().value;
  }

  wholeNumber(): number {
    const { kind, value } = this.token;
    if (kind !== 'number' || !/^\d{1,9}$/.test(value)) throw this.wrong();
    this.take();
    return Number(value);
  }

  /** The error of a token that can't stand here. */
  wrong(): SqlError {
    const { kind, value, start, end } = this.token;
    if (kind === 'word' && isReserved(value)) return errors.keyword(value);
    if (kind === 'end') return errors.syntax(this.#tokens.at(-2)?.value ?? '');
    return errors.syntax(kind === 'binary' || kind === 'symbol' ? this.sql.slice(start, end) : value);
  }
}
