import { ArmError } from '../arm-error.ts';
import { isSameId } from './host-identity.ts';

/** A management lock: https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources */
export interface Lock {
  /** Resource id of a group or of a resource; what lies in it is locked too. */
  readonly scope: string;
  readonly level: 'ReadOnly' | 'CanNotDelete';
}

/** Throws ArmError 409 where a lock forbids the request. Whoever may not write may not call an action either, not even one that only reads. */
export function checkLocks(locks: readonly Lock[], method: string, path: string): void {
  if (method === 'GET') return;
  const isDelete = method === 'DELETE';
  const locked = locks.filter(({ scope, level }) => covers(scope, path) && (isDelete || level === 'ReadOnly'));
  if (locked.length === 0) return;
  throw new ArmError(
    409,
    'ScopeLocked',
    `The scope '${path}' cannot perform ${isDelete ? 'delete' : 'write'} operation because following scope(s) are locked: '${locked.map(({ scope }) => scope).join(',')}'. Please remove the lock and try again.`,
  );
}

function covers(scope: string, path: string): boolean {
  return isSameId(scope, path) || path.toLowerCase().startsWith(`${scope.toLowerCase()}/`);
}
