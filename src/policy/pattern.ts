/** One place in a pattern: a character that must stand there, or any run of characters without a slash. */
type Place = string | typeof anyRun;
const anyRun = Symbol('*');

const variable = '${namespace}';

/**
 * Whether the whole text fits the pattern: `*` stands for any run of characters without a slash, `${namespace}` for the namespace's name; case counts.
 * A pattern with another `$`, or with `*` and `${namespace}` next to each other in one piece, fits nothing: with `${namespace}-*` namespace shop would reach
 * what belongs to namespace shop-eu.
 */
export function matchesPattern(pattern: string, text: string, namespace: string): boolean {
  return match(pattern, text, namespace).matches;
}

/** Whether one of the patterns fits. */
export function matchesAny(patterns: readonly string[] | undefined, text: string, namespace: string): boolean {
  return patterns?.some((pattern) => matchesPattern(pattern, text, namespace)) ?? false;
}

/**
 * `matchesPattern` and the number of comparisons it took, never more than (places + 1) × (text + 1), whatever somebody writes (threat-model D15);
 * a place is a character of the pattern once the namespace is put in.
 */
export function match(pattern: string, text: string, namespace: string): { readonly matches: boolean; readonly steps: number } {
  const places = placesOf(pattern, namespace);
  if (!places) return { matches: false, steps: 0 };
  let steps = 0;
  let place = 0;
  let at = 0;
  /** Where the last `*` stands, and the text after the run that it takes so far. Only the last one can ever need another run. */
  let lastRun: { readonly place: number; end: number } | undefined;
  while (at < text.length) {
    steps += 1;
    const wanted = places[place];
    if (wanted === anyRun) {
      lastRun = { place, end: at };
      place += 1;
    } else if (wanted === text[at]) {
      place += 1;
      at += 1;
    } else if (lastRun && text[lastRun.end] !== '/') {
      lastRun.end += 1;
      at = lastRun.end;
      place = lastRun.place + 1;
    } else {
      return { matches: false, steps };
    }
  }
  while (places[place] === anyRun) place += 1;
  return { matches: place === places.length, steps };
}

/** The pattern's places with the namespace put in, or undefined when the pattern is one that fits nothing. */
function placesOf(pattern: string, namespace: string): readonly Place[] | undefined {
  const places: Place[] = [];
  let run = false;
  let named = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]!;
    if (pattern.startsWith(variable, at)) {
      named = true;
      places.push(...namespace.split(''));
      at += variable.length - 1;
    } else if (character === '$') {
      return undefined;
    } else if (character === '*') {
      run = true;
      if (places.at(-1) !== anyRun) places.push(anyRun);
    } else {
      if (character === '/' || character === '_' || character === '.') {
        run = false;
        named = false;
      }
      places.push(character);
    }
    if (run && named) return undefined;
  }
  return places;
}
