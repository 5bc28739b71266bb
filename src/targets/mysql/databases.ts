import type { ServerTraits } from './traits.ts';

type Traits = Pick<ServerTraits, 'partialRevokes' | 'foldsNames'>;

/**
 * What stands for just this database in GRANT: `_` and `%` mean others as well there, unless they are escaped, and unless partial_revokes is on, when nothing is special
 * (https://dev.mysql.com/doc/refman/8.0/en/grant.html). Pure.
 */
export function databasePattern(database: string, { partialRevokes }: Pick<Traits, 'partialRevokes'>): string {
  return partialRevokes ? database : database.replace(/[\\_%]/g, (each) => `\\${each}`);
}

/** Whether rights on a pattern, as mysql.db keeps it, hold for a database. Pure. */
export function coversDatabase(pattern: string, database: string, traits: Traits): boolean {
  if (traits.partialRevokes) return isSameName(pattern, database, traits);
  return matchesWild(folded(pattern, traits), folded(database, traits));
}

/**
 * Whether a text is one that a pattern with `_` and `%` means. To the server `_` is one byte, of which some characters have several.
 * Takes a time that grows with the product of the lengths at most. Pure.
 */
export function matchesWild(pattern: string, text: string): boolean {
  return matches(partsOf(bytesOf(pattern)), [...bytesOf(text)]);
}

/** A character for each byte. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

type Part = { readonly kind: 'one' } | { readonly kind: 'any' } | { readonly kind: 'just'; readonly text: string };

function partsOf(pattern: string): readonly Part[] {
  return [...pattern.matchAll(/\\(.)|(.)/gsu)].map(([, escaped, plain]): Part => {
    if (escaped === undefined && plain === '%') return { kind: 'any' };
    return escaped === undefined && plain === '_' ? { kind: 'one' } : { kind: 'just', text: (escaped ?? plain) as string };
  });
}

function matches(parts: readonly Part[], text: readonly string[]): boolean {
  let [at, seen] = [0, 0];
  let retry: { readonly at: number; seen: number } | undefined;
  while (seen < text.length) {
    const part = parts[at];
    if (part?.kind === 'any') {
      at += 1;
      retry = { at, seen };
    } else if (part && (part.kind === 'one' || part.text === text[seen])) {
      at += 1;
      seen += 1;
    } else if (retry) {
      // what % stands for is one byte longer
      retry.seen += 1;
      ({ at, seen } = retry);
    } else {
      return false;
    }
  }
  return parts.slice(at).every(({ kind }) => kind === 'any');
}

/** Whether two names of databases or tables mean the same there. Pure. */
export function isSameName(a: string, b: string, traits: Pick<Traits, 'foldsNames'>): boolean {
  return folded(a, traits) === folded(b, traits);
}

/** A name of a database or table by which it can be compared. Pure. */
export function folded(name: string, { foldsNames }: Pick<Traits, 'foldsNames'>): string {
  return foldsNames ? name.toLowerCase() : name;
}
