import type { PolicySpec } from '../api/spec.ts';
import { matchesAny } from './pattern.ts';

/** What a policy can know of a namespace. */
export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

type Selector = NonNullable<PolicySpec['namespaces']['selector']>;
type Requirement = NonNullable<Selector['matchExpressions']>[number];

/** Whether the policy is for the namespace: by name and by labels, where it has both. */
export function selectsNamespace({ names, selector }: PolicySpec['namespaces'], namespace: NamespaceFacts): boolean {
  if (!names && !selector) return false;
  return (!names || matchesAny(names, namespace.name, namespace.name)) && (!selector || meets(selector, namespace.labels));
}

/** Whether nothing in the namespace is ever served, whatever a policy says: namespaces of Kubernetes and the operator's own. */
export function isNamespaceDenied(namespace: string, operatorNamespace: string): boolean {
  return namespace.startsWith('kube-') || namespace === operatorNamespace;
}

/** An empty selector, which elsewhere in Kubernetes means everything, means nothing here; the CRD refuses it. */
function meets({ matchLabels, matchExpressions }: Selector, labels: NamespaceFacts['labels']): boolean {
  const wanted = Object.entries(matchLabels ?? {});
  const expressions = matchExpressions ?? [];
  return (
    wanted.length + expressions.length > 0 &&
    wanted.every(([key, value]) => label(labels, key) === value) &&
    expressions.every((expression) => holds(expression, label(labels, expression.key)))
  );
}

/** As in Kubernetes, NotIn holds for a label that isn't there: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#set-based-requirement */
function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      operator satisfies never;
      return false;
  }
}

function label(labels: NamespaceFacts['labels'], key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
