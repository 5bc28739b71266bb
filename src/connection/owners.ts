import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { finalizer } from '../api/names.ts';
import { resourceKey } from '../azure/resource-id.ts';
import { hasFinalizer } from '../runtime/finalizers.ts';
import { connectionHash } from '../targets/mark.ts';
import type { Deps } from './deps.ts';
import type { Owner, Owners } from './orphan.ts';
import { permission } from './permit.ts';
import { serverIdOf, userNameOf } from './resolve.ts';

/** The connections of the cache as owners of database users, as they are now. */
export function currentOwners(deps: Deps): Owners {
  const connections = deps.connections.list();
  const byUid = new Map(connections.map((connection) => [connection.metadata.uid, connection]));
  // hashes are asked for only when a connection is gone
  let byHash: ReadonlyMap<string, PasswordlessConnection> | undefined;
  return {
    byUid(uid) {
      const owner = ownerOf(byUid.get(uid), deps);
      // what lost its policy is kept then
      return owner && deps.onWithdrawal === 'keep' ? { ...owner, isPermitted: true } : owner;
    },
    byConnection(hash) {
      byHash ??= new Map(connections.flatMap((connection) => hashOf(connection, deps).map((own) => [own, connection] as const)));
      return ownerOf(byHash.get(hash), deps);
    },
  };
}

function ownerOf(connection: PasswordlessConnection | undefined, deps: Deps): Owner | undefined {
  if (!connection) return undefined;
  const serverId = serverIdOf(connection.spec);
  return {
    server: serverId && resourceKey(serverId),
    database: connection.spec.target.database,
    userName: userNameOf(connection, deps),
    isBeingDeleted: connection.metadata.deletionTimestamp !== undefined,
    hasFinalizer: hasFinalizer(connection, finalizer),
    get isPermitted() {
      return permission(connection, deps).allowed;
    },
  };
}

/** The hash that stands for a connection in marks; none while its namespace isn't known, as it can't take back anything then. */
function hashOf({ metadata }: PasswordlessConnection, { namespaces }: Deps): readonly string[] {
  const { namespace = '', name } = metadata;
  const uid = namespaces.get({ namespace: '', name: namespace })?.metadata.uid;
  return uid === undefined ? [] : [connectionHash(uid, namespace, name)];
}
