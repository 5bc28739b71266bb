import type { ConnectionSpec, PolicyEntry, PolicySpec } from '../api/spec.ts';
import type { ResourceId } from '../azure/resource-id.ts';
import type { Setup } from './setup.ts';

/** What is judged: one connection, with what only its namespace's other connections and Azure can tell. */
export interface ConnectionFacts {
  readonly spec: ConnectionSpec;
  /** The user's name when the spec has none; it is always allowed, also written down. */
  readonly defaultUserName: string;
  /**
   * The user-assigned identity that a client id was found to mean; `absent` when it means none. While it isn't there, only the subscription of a client id can
   * be judged. The spec's own resource id, where it has one, counts whatever stands here.
   */
  readonly resolvedIdentity?: ResourceId | 'absent';
  readonly usage?: Usage;
}

/** How much of a policy's limits the namespace's other connections take up. Those count that came first, so that the oldest keep their place. */
export interface Usage {
  /** Other connections of the namespace that the policy of this name allows and that came first. */
  readonly connections: (policy: string) => number;
  /** Other service accounts of the namespace that have, or came first in asking for, a credential on the connection's identity. */
  readonly serviceAccountsOnIdentity: number;
}

/** A ConnectionPolicy, as far as it is judged by. */
export interface Policy {
  readonly metadata: { readonly name: string };
  readonly spec: PolicySpec;
}

/** Parts of a connection, in the order in which they are judged. */
export const parts = [
  'namespace',
  'workload',
  'identity',
  'server',
  'database',
  'profile',
  'schemas',
  'grants',
  'roles',
  'routines',
  'user',
  'adoption',
  'retain',
  'limits',
] as const;
export type Part = (typeof parts)[number];

/** Allowed by an entry of a policy, or refused. */
export type Verdict = Allowed | Refused;

export interface Allowed {
  readonly allowed: true;
  /** The first policy by name that allows the connection. */
  readonly policy: string;
  /** That policy's first entry that does. */
  readonly entry: PolicyEntry;
  /** What may be changed on the server. */
  readonly setup: Setup;
  /** Whether the annotation that releases a deleted connection may be obeyed. */
  readonly mayAbandon: boolean;
}

export interface Refused {
  readonly allowed: false;
  /** The part that the nearest policy doesn't allow, or that nothing may allow. */
  readonly part: Part;
  /** For the user: names the part in the words of the spec, and nothing of another namespace. */
  readonly message: string;
  /** The policy for this namespace that allows the most parts. */
  readonly nearestPolicy?: string;
}
