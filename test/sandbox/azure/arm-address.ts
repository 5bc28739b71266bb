import { armErrors } from './arm-error.ts';

/** A request's target taken apart, with nothing normalised away. */
export interface ArmAddress {
  /** As sent, without the query. */
  readonly path: string;
  /** Decoded. */
  readonly segments: readonly string[];
  readonly query: ReadonlyMap<string, string>;
}

/** Reads a target strictly. Throws ArmError for one that two readers could understand in two ways. */
export function parseArmTarget(target: string): ArmAddress {
  const [path = '', query, ...rest] = target.split('?');
  if (!path.startsWith('/')) throw armErrors.uriInvalid('it has no absolute path');
  if (rest.length > 0) throw armErrors.uriInvalid('it has two question marks');
  return { path, segments: path.slice(1).split('/').map(segmentOf), query: queryOf(query ?? '') };
}

function segmentOf(raw: string): string {
  let segment: string;
  try {
    segment = decodeURIComponent(raw);
  } catch {
    throw armErrors.uriInvalid(`'${raw}' is no percent-encoding`);
  }
  if (segment === '') throw armErrors.uriInvalid('a segment is empty');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (segment === '.' || segment === '..' || /[/\\?#\x00-\x1f\x7f]/.test(segment))
    throw armErrors.uriInvalid(`the segment '${raw}' is not allowed`);
  return segment;
}

function queryOf(query: string): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const key = name.toLowerCase();
    if (read.has(key)) throw armErrors.queryUnknown(name);
    read.set(key, value);
  }
  return read;
}

/** The parameters of a path pattern such as `/subscriptions/{subscriptionId}`; undefined when the path doesn't fit. Case counts in neither. */
export function matchPath(pattern: string, segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  const expected = pattern.slice(1).split('/');
  if (expected.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const actual = segments[index] ?? '';
    if (part.startsWith('{')) params[part.slice(1, -1)] = actual;
    else if (part.toLowerCase() !== actual.toLowerCase()) return undefined;
  }
  return params;
}
