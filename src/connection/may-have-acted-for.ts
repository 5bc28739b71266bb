import type { PasswordlessConnection } from '../api/connection.generated.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { permission } from './permit.ts';
import { serverIdOf } from './resolve.ts';

/**
 * Whether something may have been made for a connection. Only a server that we worked on before, or that a policy allows, is logged in to: anybody can write our
 * finalizer onto a resource that names any server, and its end needs no permission (threat-model S1, D17). Throws StatusError when the ledger can't be read.
 */
export async function mayHaveActedFor(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<boolean> {
  if (!deps.targets.has(connection.spec.target.type)) return false;
  if (permission(connection, deps).allowed) return true;
  const serverId = serverIdOf(connection.spec);
  // one that doesn't parse was never allowed
  return serverId !== undefined && (await deps.ledger.knows(serverId, { signal }));
}
