import type { ObjectGroup, Right, RightsOn } from './rights.ts';
import type { Privilege } from './securable.ts';

/** How an object's rights differ from those promised. */
export interface Difference {
  /** To be granted. */
  readonly grant: readonly Privilege[];
  /** Promised, not there, and not ours to give. */
  readonly lacking: readonly Privilege[];
  /** To be taken away as the owner or as who we are. */
  readonly revoke: readonly Right[];
  /** Too much, and not ours to take. */
  readonly irrevocable: readonly Right[];
}

/**
 * Compares an object's rights with those promised. Where we can act for the owner, only what the owner or we gave counts, so that nobody else can take it away;
 * elsewhere whatever is there counts, also through PUBLIC. A right that could be passed on is one too many, and is given anew without that. Pure.
 */
export function difference(object: RightsOn, promised: readonly Privilege[]): Difference {
  const { owner, acting, rights, grantable } = object;
  const own = rights.filter((right) => !right.public);
  const counting = acting === 'no' ? rights : own.filter((right) => isByUs(right, owner) && !right.canPassOn);
  const missing = promised.filter((privilege) => !counting.some((right) => right.privilege === privilege));
  const isGrantable = (privilege: Privilege) => acting !== 'no' || grantable.includes(privilege);
  const surplus = own.filter((right) => right.canPassOn || !promised.includes(right.privilege));
  return {
    grant: missing.filter(isGrantable),
    lacking: missing.filter((privilege) => !isGrantable(privilege)),
    revoke: surplus.filter((right) => isRevocable(object, right)),
    irrevocable: surplus.filter((right) => !isRevocable(object, right)),
  };
}

/** GRANT takes the owner or one of us for the grantor, whoever may pass on all that it names. */
function isByUs({ grantor, fromUs }: Pick<Right, 'grantor' | 'fromUs'>, owner: string): boolean {
  return grantor === owner || fromUs;
}

/** Whether we can take a right back, as the owner or as who we are. Pure. */
export function isRevocable({ owner, acting }: Pick<RightsOn, 'owner' | 'acting'>, { grantor, revocable }: Right): boolean {
  return revocable && (grantor !== owner || acting !== 'no');
}

/** Whether some object of a group may differ from what is promised, so that the group's objects must be looked at one by one. Pure. */
export function mayDiffer(group: ObjectGroup, promised: readonly Privilege[]): boolean {
  const own = group.rights.filter((right) => !right.public);
  if (own.some((right) => right.canPassOn || !promised.includes(right.privilege))) return true;
  const counting = group.acting === 'no' ? group.rights : own.filter((right) => isByUs(right, group.owner));
  // one grantor at a time: two grantors may have given the same right on the same object
  return promised.some((privilege) => !counting.some((right) => right.privilege === privilege && right.count === group.count));
}
