/** The ids under which an identity is known in Entra. */
export interface IdentityIds {
  /** Object id of its service principal. */
  readonly principalId: string;
  /** Application id. */
  readonly clientId: string;
}

/**
 * Whether an identity may never be bound to a user or federated, whatever a policy says: the operator's own, and administrators of a server
 * (threat-model I1). `administratorIds` may be object ids and client ids in any mixture; case doesn't matter.
 */
export function isReserved(identity: IdentityIds, operator: IdentityIds, administratorIds: readonly string[]): boolean {
  const reserved = new Set([operator.principalId, operator.clientId, ...administratorIds].map((id) => id.toLowerCase()));
  return reserved.has(identity.principalId.toLowerCase()) || reserved.has(identity.clientId.toLowerCase());
}
