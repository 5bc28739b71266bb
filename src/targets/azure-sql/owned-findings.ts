import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import type { Promised } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import { describeSecurable, type Owned } from './securable.ts';

/** Names in one message; of more it tells the number. */
const maximumNamed = 20;

/** What a user owns that isn't promised to change what is in it: no REVOKE takes an owner's rights, and whom it should go to isn't ours to say. Pure. */
export function ownedFindings(promised: Promised, found: Pick<RightsObservation, 'userName' | 'owned' | 'schemas'>): Finding[] {
  const surplus = found.owned.filter((owned) => !mayChange(promised, owned, found));
  if (surplus.length === 0) return [];
  const named = surplus.slice(0, maximumNamed).map(describeSecurable).join(', ');
  const more = surplus.length > maximumNamed ? ` and ${surplus.length - maximumNamed} more` : '';
  const message = `${found.userName} owns ${named}${more}, so that it may do more there than access.profile says: have it given to another owner`;
  return [finding('PrivilegeNotRevocable', message, { blocking: false })];
}

function mayChange(
  { database, fixedRoles, schemas: promised }: Promised,
  owned: Owned,
  { schemas }: Pick<RightsObservation, 'schemas'>,
): boolean {
  if (database.includes('CONTROL') || fixedRoles.includes('db_ddladmin')) return true;
  if (owned.kind === 'role') return false;
  const schema = 'schema' in owned ? owned.schema : owned.name;
  const names = promised.filter(({ permissions }) => permissions.includes('ALTER')).map((each) => each.schema);
  return schemas.some(({ asked, name }) => name === schema && names.includes(asked));
}
