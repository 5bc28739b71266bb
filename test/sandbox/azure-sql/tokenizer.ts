import { errors } from './errors.ts';

export interface Token {
  /** `name`: in brackets, or in double quotes under QUOTED_IDENTIFIER. */
  readonly kind: 'word' | 'name' | 'text' | 'national text' | 'number' | 'binary' | 'variable' | 'symbol' | 'end';
  /** A word, name or variable as written, without quotes; the content of a text; the digits of a binary. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const patterns: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /[\s\u00a0\ufeff]+|--[^\n]*/y],
  ['binary', /0x[0-9a-f]*/iy],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?/iy],
  ['variable', /@@?[\p{L}\p{N}_@#$]+/uy],
  ['word', /[\p{L}_#][\p{L}\p{N}_@#$]*/uy],
  ['symbol', /::|<>|<=|>=|!=|!<|!>|\+=|-=|[-+*/%=<>(),.;&|^~:]/y],
];

/** Cuts T-SQL into tokens, the last of which is the end. Throws 102, 105, 113 and 1038. */
export function tokensOf(sql: string, { quotedIdentifier = true }: { readonly quotedIdentifier?: boolean } = {}): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    if (sql.startsWith('/*', at)) {
      at = endOfComment(sql, at);
      continue;
    }
    const quoted = quotedToken(sql, at, quotedIdentifier);
    const token = quoted ?? plainToken(sql, at);
    if (token.kind !== 'space') tokens.push(token as Token);
    at = token.end;
  }
  return [...tokens, { kind: 'end', value: '', start: sql.length, end: sql.length }];
}

interface Piece extends Omit<Token, 'kind'> {
  readonly kind: Token['kind'] | 'space';
}

function plainToken(sql: string, at: number): Piece {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const [text] = pattern.exec(sql) ?? [];
    if (text !== undefined) return { kind, value: kind === 'binary' ? text.slice(2) : text, start: at, end: at + text.length };
  }
  throw errors.syntax(String.fromCodePoint(sql.codePointAt(at) ?? 0));
}

function quotedToken(sql: string, at: number, quotedIdentifier: boolean): Token | undefined {
  const isNational = /[nN]/.test(sql[at] ?? '') && sql[at + 1] === "'";
  const open = isNational ? at + 1 : at;
  const quote = sql[open];
  if (quote !== "'" && quote !== '"' && quote !== '[') return undefined;
  const close = quote === '[' ? ']' : quote;
  const end = endOfQuoted(sql, open + 1, close);
  const value = sql.slice(open + 1, end - 1).replaceAll(close + close, close);
  const isName = quote === '[' || (quote === '"' && quotedIdentifier);
  if (isName && value === '') throw errors.emptyName();
  if (isName && value.length > 128) throw errors.nameTooLong(value);
  return { kind: isName ? 'name' : isNational ? 'national text' : 'text', value, start: at, end };
}

/** Behind the closing quote; a doubled one belongs to the text. */
function endOfQuoted(sql: string, from: number, close: string): number {
  for (let at = sql.indexOf(close, from); at >= 0; at = sql.indexOf(close, at + 2)) if (sql[at + 1] !== close) return at + 1;
  throw errors.unclosedQuote(sql.slice(from));
}

/** Comments nest. */
function endOfComment(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; at += 1) {
    const pair = sql.slice(at, at + 2);
    if (pair !== '/*' && pair !== '*/') continue;
    depth += pair === '/*' ? 1 : -1;
    at += 1;
    if (depth === 0) return at + 1;
  }
  throw errors.missingEnd();
}
