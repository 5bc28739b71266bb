import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { whyNotThroughLogin } from './owner-login.ts';
import { type Promised, promisedOnEvery } from './profile.ts';
import type { Right, RightsObservation } from './rights.ts';
import type { ObjectInSchema, Privilege, Securable } from './securable.ts';
import { grant, revoke } from './statements.ts';
import { quoted } from './steps.ts';

/** A right that is promised, not there, and not ours to give. */
export interface Lacking {
  readonly on: Securable;
  readonly owner: string;
  readonly privileges: readonly Privilege[];
}

/** A right too many that isn't ours to take. */
export type Irrevocable = Right & { readonly on: Securable };

/** Objects that a message names; of more it tells the number. */
const maximumNamed = 20;

type Found = Pick<RightsObservation, 'userName' | 'database' | 'ownerLogin'>;

/** One finding for each statement that an owner has to run. Pure. */
export function lackingFindings(lacking: readonly Lacking[], promised: Promised, found: Found): Finding[] {
  const lists = grouped(lacking, ({ on, owner, privileges }) => [on.kind, owner, privileges, 'schema' in on ? on.schema : '']);
  return lists.map((list) => (list[0]!.on.kind === 'database' ? databaseLacking(list[0]!, found) : objectsLacking(list, promised, found)));
}

function databaseLacking({ on, owner, privileges }: Lacking, { userName, database, ownerLogin }: Found): Finding {
  const statement = grant(privileges, [on], [userName]);
  const message = `database ${database} belongs to ${owner}, and ${userName} lacks ${privileges.join(', ')} on it${whyNotThroughLogin(ownerLogin)}: have ${owner} run ${statement}`;
  return finding('DatabaseNotOwned', message, { blocking: true });
}

function objectsLacking(list: readonly Lacking[], promised: Promised, { userName, database, ownerLogin }: Found): Finding {
  const { on, owner, privileges } = list[0]!;
  const what = `${list.length === 1 ? `a ${on.kind}` : `${list.length} ${on.kind}s`} of database ${database}`;
  const message = `${userName} lacks ${privileges.join(', ')} on ${what} that ${owner} owns${whyNotThroughLogin(ownerLogin)}: have ${owner} run ${ownersGrant(list, promised, userName)}`;
  return finding('TablesNotOwned', message, { blocking: true });
}

/** One statement for all of them. An owner of many may well use ALL … IN SCHEMA, unlike us: it owns them. Not where that gives more than is promised. */
function ownersGrant(list: readonly Lacking[], promised: Promised, userName: string): string {
  const { on, privileges } = list[0]!;
  if (list.length > maximumNamed && isPromisedOnEvery(promised, on, privileges))
    return `GRANT ${privileges.join(', ')} ON ALL ${on.kind.toUpperCase()}S IN SCHEMA ${quoted(on.schema)} TO ${quoted(userName)}`;
  const named = list.slice(0, maximumNamed).map((each) => each.on);
  const rest = list.length > maximumNamed ? `, and the same for the other ${list.length - maximumNamed}` : '';
  return `${grant(privileges, named, [userName])}${rest}`;
}

function isPromisedOnEvery(promised: Promised, on: Securable, privileges: readonly Privilege[]): on is ObjectInSchema {
  if (on.kind !== 'table' && on.kind !== 'sequence' && on.kind !== 'routine') return false;
  const everywhere = promisedOnEvery(promised, on);
  return privileges.every((privilege) => everywhere.includes(privilege));
}

/** One finding for each grantor, kind of object and right. Pure. */
export function irrevocableFindings(irrevocable: readonly Irrevocable[], userName: string): Finding[] {
  return grouped(irrevocable, ({ on, grantor, privilege, canPassOn }) => [on.kind, grantor, privilege, canPassOn]).map((list) => {
    const { on, grantor, privilege, canPassOn } = list[0]!;
    const rest = list.length === 1 ? '' : `, and on ${list.length - 1} more`;
    const statement = revoke([privilege], [on], userName, { cascade: canPassOn });
    const message = `${userName} has ${privilege}${canPassOn ? ' with the right to pass it on' : ''} on a ${on.kind} by grant of ${grantor}: have ${grantor} run ${statement}${rest}`;
    return finding('PrivilegeNotRevocable', message, { blocking: false });
  });
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const lists = new Map<string, T[]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    lists.set(key, [...(lists.get(key) ?? []), item]);
  }
  return [...lists.values()];
}
