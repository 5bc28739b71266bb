import { evaluate } from './evaluate.ts';
import { isNamespaceDenied, type NamespaceFacts, selectsNamespace } from './namespaces.ts';
import type { ConnectionFacts, Policy } from './verdict.ts';

/** A connection to be counted, and its namespace. */
export interface Covered {
  readonly facts: ConnectionFacts;
  readonly namespace: NamespaceFacts;
}

/** What a policy amounts to. */
export interface Coverage {
  /** Namespaces that it selects. */
  readonly namespaces: number;
  /** Connections that would lose their permission without it. */
  readonly connections: number;
}

/** What a policy amounts to among all policies. Pure; limits are left out, because they only order those whom a policy allows. */
export function coverageOf(
  policy: Policy,
  policies: readonly Policy[],
  namespaces: readonly NamespaceFacts[],
  connections: readonly Covered[],
  { operatorNamespace }: { readonly operatorNamespace: string },
): Coverage {
  const selected = namespaces.filter(
    (namespace) => !isNamespaceDenied(namespace.name, operatorNamespace) && selectsNamespace(policy.spec.namespaces, namespace),
  );
  const names = new Set(selected.map(({ name }) => name));
  const others = policies.filter(({ metadata }) => metadata.name !== policy.metadata.name);
  const isAllowedBy = (some: readonly Policy[], { facts, namespace }: Covered) =>
    evaluate(facts, some, namespace, { operatorNamespace }).allowed;
  const depending = connections.filter(
    (each) => names.has(each.namespace.name) && isAllowedBy([policy], each) && !isAllowedBy(others, each),
  );
  return { namespaces: selected.length, connections: depending.length };
}
