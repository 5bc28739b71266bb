import { planRights } from './plan-rights.ts';
import type { Promised } from './profile.ts';
import type { RightsObservation } from './rights.ts';

/** Owners whose own login could do something that is to be done and that we can't do; none at rest. Pure. */
export function ownersInNeed(promised: Promised, found: RightsObservation): readonly string[] {
  const owners = [found.objects, found.groups, found.defaults, found.creators].flatMap((all) => all.map(({ owner }) => owner));
  const ofAll = { kind: 'usable', userName: '', owners: [...new Set(owners)] } as const;
  const { steps } = planRights(promised, { ...found, eventTriggers: [], ownerLogin: ofAll });
  return [...new Set(steps.flatMap((step) => ('through' in step && step.through ? step.through.owner : [])))];
}
