import type { Finding, StagePlan } from '../../api/step.ts';
import { difference } from './compare-rights.ts';
import { eventTriggerFinding } from './event-triggers.ts';
import { missingFindings } from './missing-findings.ts';
import { throughLogin } from './owner-login.ts';
import { planDefaults } from './plan-defaults.ts';
import { planMemberships } from './plan-memberships.ts';
import { type Promised, promisedOn } from './profile.ts';
import { type Irrevocable, irrevocableFindings, type Lacking, lackingFindings } from './right-findings.ts';
import type { Right, RightsObservation, RightsOn } from './rights.ts';
import type { Privilege, Securable } from './securable.ts';
import { type GrantAction, type GrantStep, grantStep, type Through } from './steps.ts';

/** Objects in one statement: many at once are quick, and each is locked until commit from PostgreSQL 18 on. */
const maximumObjects = 500;

/** What is to be done so that the user has the rights promised in this database, no more and no less. Pure. */
export function planRights(promised: Promised, found: RightsObservation): StagePlan<GrantStep> {
  const objects = planObjects(promised, found);
  const defaults = planDefaults(promised, found);
  const memberships = planMemberships(promised, found);
  // rights too many go first: one that could be passed on is revoked and then granted without that
  const actions = [...memberships.revokes, ...objects.revokes, ...defaults.actions, ...objects.grants, ...memberships.grants];
  const findings = [...missingFindings(promised, found), ...objects.findings, ...defaults.findings, ...memberships.findings];
  if (actions.length > 0 && found.eventTriggers.length > 0)
    return { steps: [], findings: [eventTriggerFinding(found.database, found.eventTriggers), ...findings] };
  return { steps: actions.map(grantStep), findings };
}

interface ObjectPlan {
  readonly grants: readonly GrantAction[];
  readonly revokes: readonly GrantAction[];
  readonly findings: readonly Finding[];
}

function planObjects(promised: Promised, found: RightsObservation): ObjectPlan {
  const { userName } = found;
  const grants = new Gathered();
  const revokes = new Gathered();
  const lacking: Lacking[] = [];
  const irrevocable: Irrevocable[] = [];
  for (const object of found.objects) {
    if (object.owner === userName) continue;
    const { on, owner } = object;
    const differs = difference(object, object.ofExtension ? [] : promisedOn(promised, on));
    // apart, so that each can be taken back one day in the name in which it was given
    const inOwnName = (privilege: Privilege) => object.grantable.includes(privilege);
    grants.add(on, differs.grant.filter(inOwnName), ourselves, false);
    grants.add(
      on,
      differs.grant.filter((privilege) => !inOwnName(privilege)),
      asOwner(object),
      false,
    );
    const through = throughLogin(object, found.ownerLogin);
    const isTheirs = (right: Right) => through !== undefined && right.grantor === owner;
    if (through) grants.add(on, differs.lacking, { through }, false);
    else if (differs.lacking.length > 0) lacking.push({ on, owner, privileges: differs.lacking });
    for (const cascade of [false, true]) {
      const revoked = differs.revoke.filter((right) => right.canPassOn === cascade);
      revokes.add(on, revoked.filter((right) => right.grantor === owner).map(privilegeOf), asOwner(object), cascade);
      revokes.add(on, revoked.filter((right) => right.grantor !== owner).map(privilegeOf), ourselves, cascade);
      const theirs = differs.irrevocable.filter((right) => isTheirs(right) && right.canPassOn === cascade);
      revokes.add(on, theirs.map(privilegeOf), { through }, cascade);
    }
    for (const right of differs.irrevocable) if (!isTheirs(right)) irrevocable.push({ on, ...right });
  }
  return {
    grants: grants.lists().map(({ cascade: _, ...list }) => ({ kind: 'grant', to: userName, ...list })),
    revokes: revokes.lists().map((list) => ({ kind: 'revoke', from: userName, ...list })),
    findings: [...lackingFindings(lacking, promised, found), ...irrevocableFindings(irrevocable, userName)],
  };
}

/** In whose name a statement is sent, when not in our own. */
interface InName {
  readonly actFor?: string | undefined;
  readonly through?: Through | undefined;
}

const ourselves: InName = {};

function asOwner({ acting, owner }: RightsOn): InName {
  return acting === 'selfgrant' ? { actFor: owner } : ourselves;
}

function privilegeOf({ privilege }: { readonly privilege: Privilege }): Privilege {
  return privilege;
}

interface ObjectList {
  readonly privileges: readonly Privilege[];
  readonly on: Securable[];
  readonly actFor: string | undefined;
  readonly through?: Through;
  readonly cascade: boolean;
}

/** Puts objects together that one statement can serve. */
class Gathered {
  readonly #lists = new Map<string, ObjectList>();

  add(on: Securable, privileges: readonly Privilege[], { actFor, through }: InName, cascade: boolean): void {
    if (privileges.length === 0) return;
    // columns can't share a statement
    const alone = on.kind === 'column' ? [on.schema, on.table, on.name] : [];
    const key = JSON.stringify([on.kind, privileges, actFor ?? null, through ?? null, cascade, ...alone]);
    const list = this.#lists.get(key) ?? { privileges, on: [], actFor, ...(through && { through }), cascade };
    list.on.push(on);
    this.#lists.set(key, list);
  }

  lists(): ObjectList[] {
    return [...this.#lists.values()].flatMap((list) =>
      Array.from({ length: Math.ceil(list.on.length / maximumObjects) }, (_, index) => ({
        ...list,
        on: list.on.slice(index * maximumObjects, (index + 1) * maximumObjects),
      })),
    );
  }
}
