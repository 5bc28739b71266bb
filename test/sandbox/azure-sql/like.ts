/** The pattern of LIKE as a regular expression: %, _ and [sets]. */
export function likePattern(
  pattern: string,
  { escapedBy, isCaseSensitive }: { readonly escapedBy: string | undefined; readonly isCaseSensitive: boolean },
): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern[at] ?? '';
    const set = letter === '[' ? /^\[(\^?)([^\]]+)\]/.exec(pattern.slice(at)) : null;
    if (letter === escapedBy) {
      at += 1;
      source += literal(pattern[at] ?? '');
    } else if (set) {
      source += `[${set[1]}${set[2]?.replace(/[\\\]^[]/g, '\\$&')}]`;
      at += set[0].length - 1;
    } else source += letter === '%' ? '.*' : letter === '_' ? '.' : literal(letter);
  }
  return new RegExp(`^${source}$`, isCaseSensitive ? 's' : 'is');
}

function literal(letter: string): string {
  return letter.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
