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

/** Subscription, resource group and names of a pattern, in lower case; undefined when it isn't a pattern for this kind. */
function patternParts(pattern: string, kind: ResourceKind): readonly [string, ...string[]] | undefined {
  // ASCII first: other characters can become ASCII letters in lower case.
  if (!/^[\x21-\x7e]*$/.test(pattern)) return undefined;
  const segments = pattern.toLowerCase().split('/');
  const expected = skeleton(kind);
  if (segments.length !== expected.length) return undefined;
  const values: string[] = [];
  for (let index = 0; index < expected.length; index += 1) {
    const segment = segments[index]!;
    const literal = expected[index];
    if (literal === undefined) values.push(segment);
    else if (segment !== literal.toLowerCase()) return undefined;
  }
  return values.includes('') ? undefined : (values as [string, ...string[]]);
}
