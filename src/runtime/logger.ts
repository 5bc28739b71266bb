import type { Writable } from 'node:stream';
import { createLogger as createWinston, format, type Logform, transports, type Logger as WinstonLogger } from 'winston';
import { firstLine, masked, redactText } from './redact.ts';

export type Logger = WinstonLogger;
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** One JSON object per line, to stdout unless told. Whatever is given as metadata is redacted: see redactValue. */
export function createLogger(options: { readonly level: LogLevel; readonly stream?: Writable }): Logger {
  const withStack = options.level === 'debug';
  const redact = format((given) => {
    const info = withoutErrorParts(given);
    for (const name of Object.keys(info)) if (name !== 'level') info[name] = redactValue(info[name], { name, withStack });
    return info;
  });
  return createWinston({
    level: options.level,
    format: format.combine(redact(), format.timestamp(), format.json()),
    transports: [options.stream ? new transports.Stream({ stream: options.stream }) : new transports.Console()],
  });
}

/** Symbols of winston's own properties: https://github.com/winstonjs/winston#streams-objectmode-and-info-objects */
const levelSymbol = Symbol.for('level');
const splatSymbol = Symbol.for('splat');

/**
 * winston takes an error given as message or metadata apart and mixes all it holds into the line; here it becomes the line's `error` again.
 * A child logger mixes before we see it: then a stack is what tells an error, and nothing else of the line can be trusted.
 */
function withoutErrorParts(info: Logform.TransformableInfo): Logform.TransformableInfo {
  const [meta] = (info[splatSymbol] as readonly unknown[] | undefined) ?? [];
  const line = { level: info.level, [levelSymbol]: info[levelSymbol], message: firstLine(String(info.message)) };
  if (meta instanceof Error) {
    const parts = new Set(['stack', 'cause', 'message', ...Object.keys(meta)]);
    const others = Object.entries(info).filter(([name]) => !parts.has(name));
    return { ...Object.fromEntries(others), ...line, error: meta };
  }
  if (info instanceof Error) return { ...line, error: info };
  return typeof info['stack'] === 'string' ? { ...line, error: Object.assign(new Error(line.message), { stack: info['stack'] }) } : info;
}

const secretName = /password|passwd|secret(?!name|key$)|token|authorization|credential|api[-_]?key/i;
const maxDepth = 6;
const maxEntries = 50;

/**
 * A copy that is safe to be written: text redacted, values under names of secrets masked, errors rebuilt from name, code and first line, and
 * objects of classes reduced to their name, since drivers keep tokens in theirs. At most 6 levels and 50 entries each.
 */
export function redactValue(value: unknown, options: { readonly name?: string; readonly withStack?: boolean } = {}, depth = 0): unknown {
  const { name = '', withStack = false } = options;
  if (typeof value === 'string') return secretName.test(name) ? masked : redactText(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return `[${typeof value}]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (depth >= maxDepth) return '[…]';
  if (value instanceof Error) return rebuiltError(value, withStack, depth);
  if (secretName.test(name)) return masked;
  if (Array.isArray(value)) return value.slice(0, maxEntries).map((item) => redactValue(item, { withStack }, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor?.name ?? 'object'}]`;
  const entries = Object.entries(value).slice(0, maxEntries);
  return Object.fromEntries(entries.map(([key, item]) => [redactText(key, 200), redactValue(item, { name: key, withStack }, depth + 1)]));
}

/** Of an error only what is known to be harmless: drivers hang statements, rows and headers on theirs. */
function rebuiltError(error: Error, withStack: boolean, depth: number): Record<string, unknown> {
  const { reason, code, status } = error as { readonly reason?: unknown; readonly code?: unknown; readonly status?: unknown };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    name: firstLine(error.name),
    ...(typeof reason === 'string' ? { reason: firstLine(reason) } : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: firstLine(String(code)) } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    message: firstLine(error.message),
    ...(withStack ? { stack: frames.map((line) => redactText(line.trim())) } : {}),
    ...(error.cause instanceof Error ? { cause: redactValue(error.cause, { withStack }, depth + 1) } : {}),
  };
}
