import { type ResourceId, type ResourceKind, skeleton } from '../azure/resource-id.ts';
import { matchesPattern } from './pattern.ts';

/**
 * Whether a policy's pattern for resource ids fits the resource. Both are compared part by part and without regard to case; subscription, provider and types
 * are literal in the pattern, so that `*` never reaches beyond the one name in which it stands (threat-model I3).
 */
export function matchesResource(pattern: string, id: ResourceId, namespace: string): boolean {
  const parts = patternParts(pattern, id.kind);
  if (!parts) return false;
  const [subscriptionId, ...names] = parts;
  const values = [id.resourceGroup, ...id.names];
  return (
    subscriptionId === id.subscriptionId.toLowerCase() &&
    names.every((name, index) => matchesPattern(name, values[index]!.toLowerCase(), namespace.toLowerCase()))
  );
}

/** Whether one of the patterns fits the resource. */
export function matchesAnyResource(patterns: readonly string[] | undefined, id: ResourceId, namespace: string): boolean {
  return patterns?.some((pattern) => matchesResource(pattern, id, namespace)) ?? false;
}

/** The subscription that a pattern for resources of a kind names, in lower case; undefined when the pattern is for another kind or is none. */
export function subscriptionOf(pattern: string, kind: ResourceKind): string | undefined {
  return patternParts(pattern, kind)?.[0];
}

type PatternParts = readonly [string, ...string[]];

/** Patterns taken apart, by kind: the same few are asked for with every connection and before every step. */
const known = new Map<ResourceKind, Map<string, PatternParts | undefined>>();
const mostKnown = 10_000;

/** Subscription, resource group and names of a pattern, in lower case; undefined when it isn't a pattern for this kind. */
function patternParts(pattern: string, kind: ResourceKind): PatternParts | undefined {
  let ofKind = known.get(kind);
  if (!ofKind || ofKind.size >= mostKnown) {
    ofKind = new Map();
    known.set(kind, ofKind);
  }
  const found = ofKind.get(pattern);
  if (found || ofKind.has(pattern)) return found;
  const parts = takeApart(pattern, kind);
  ofKind.set(pattern, parts);
  return parts;
}

function takeApart(pattern: string, kind: ResourceKind): PatternParts | undefined {
  // ASCII first: other characters can become ASCII letters in lower case.
  if (!/^[\x21-\x7e]*$/.test(pattern)) return undefined;
  const segments = pattern.toLowerCase().split('/');
  const expected = skeleton(kind);
  if (segments.length !== expected.length) return undefined;
  const values: string[] = [];
  for (const [index, literal] of expected.entries()) {
    const segment = segments[index]!;
    if (literal === undefined) values.push(segment);
    else if (segment !== literal.toLowerCase()) return undefined;
  }
  return values.includes('') ? undefined : (values as [string, ...string[]]);
}
