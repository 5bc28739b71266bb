import type { Finding, StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { denialFindings } from './denial-findings.ts';
import { missingFindings } from './missing-findings.ts';
import { ownedFindings } from './owned-findings.ts';
import { planMemberships } from './plan-memberships.ts';
import type { Promised } from './profile.ts';
import type { PermissionFound, RightsObservation } from './rights.ts';
import { keyOf, type Securable } from './securable.ts';
import { type GrantAction, type GrantStep, grantStep, quoted } from './steps.ts';
import { triggerFinding } from './triggers.ts';

/** What is to be done so that the user has the rights promised in its database, no more and no less. That it may connect is the business of another stage. Pure. */
export function planRights(promised: Promised, found: RightsObservation): StagePlan<GrantStep> {
  const wanted = wantedOn(promised, found);
  const memberships = planMemberships(promised, found);
  const revokes = planRevokes(wanted, found);
  // what is too much goes first: a denial on the same thing would be replaced by the grant and then taken back with it
  const actions = [...memberships.revokes, ...revokes.actions, ...planGrants(wanted, found), ...memberships.grants];
  const findings = [
    ...missingFindings(promised, found),
    ...memberships.findings,
    ...revokes.findings,
    ...denialFindings(promised, found),
    ...ownedFindings(promised, found),
  ];
  if (actions.length > 0 && found.triggers.length > 0)
    return { steps: [], findings: [triggerFinding(found.database, found.triggers), ...findings] };
  return { steps: actions.map(grantStep), findings };
}

/** What is promised on each thing that is there, and isn't the user's own: an owner may do everything, and can't be granted anything (error 4624). */
type Wanted = ReadonlyMap<string, { readonly on: Securable; readonly permissions: readonly string[] }>;

function wantedOn(promised: Promised, { database, userId, schemas, objects }: RightsObservation): Wanted {
  const list: { readonly on: Securable; readonly permissions: readonly string[] }[] = [
    { on: { kind: 'database', name: database }, permissions: promised.database },
    ...promised.schemas.flatMap(({ schema, permissions }) =>
      schemas
        .filter(({ asked, owner }) => asked === schema && owner !== userId)
        .map(({ name }) => ({ on: { kind: 'schema', name } as const, permissions })),
    ),
    ...promised.objects.flatMap((wanted) =>
      objects
        .filter(
          ({ asked, kind, owner }) =>
            owner !== userId && kind === wanted.kind && asked.schema === wanted.schema && asked.name === wanted.name,
        )
        .map(({ schema, name }) => ({ on: { kind: 'object', schema, name } as const, permissions: wanted.permissions })),
    ),
  ];
  const merged = new Map<string, { readonly on: Securable; readonly permissions: readonly string[] }>();
  for (const { on, permissions } of list) {
    const known = merged.get(keyOf(on))?.permissions ?? [];
    merged.set(keyOf(on), { on, permissions: [...new Set([...known, ...permissions.filter((each) => !isConnect(each, on))])] });
  }
  return merged;
}

/** CREATE USER gives it, and it is the door that is locked and unlocked. */
function isConnect(permission: string, on: Securable | undefined): boolean {
  return on?.kind === 'database' && permission === 'CONNECT';
}

function planGrants(wanted: Wanted, { userName, permissions: found }: RightsObservation): GrantAction[] {
  return [...wanted].flatMap(([key, { on, permissions }]) => {
    const held = found.filter((each) => each.on && keyOf(each.on) === key && isHeld(each.state)).map(({ permission }) => permission);
    // to be granted on the table once more gives back what was taken out of it
    const withGaps = found
      .filter((each) => each.on && each.state === 'R' && keyOf(tableOf(each.on)) === key)
      .map(({ permission }) => permission);
    const missing = permissions.filter((permission) => !held.includes(permission) || withGaps.includes(permission));
    return missing.length === 0 ? [] : [{ kind: 'grant', to: userName, permissions: missing, on }];
  });
}

function isHeld(state: PermissionFound['state']): boolean {
  return state === 'G' || state === 'W';
}

function tableOf(on: Securable): Securable {
  return on.kind === 'object' ? { kind: 'object', schema: on.schema, name: on.name } : on;
}

interface RevokePlan {
  readonly actions: readonly GrantAction[];
  readonly findings: readonly Finding[];
}

function planRevokes(wanted: Wanted, { userName, permissions: found }: RightsObservation): RevokePlan {
  const actions: GrantAction[] = [];
  const findings: Finding[] = [];
  for (const each of found) {
    const { permission, on, state, grantor } = each;
    // nothing is left to take, and it goes with what it was taken out of
    if (state === 'R') continue;
    if (!on) {
      findings.push(irrevocable(each, userName));
      continue;
    }
    const isWanted = isConnect(permission, on) || (wanted.get(keyOf(on))?.permissions.includes(permission) ?? false);
    // a door that is locked isn't a right
    if (isConnect(permission, on) ? state !== 'W' : isWanted && state === 'G') continue;
    const optionOnly = isWanted && state === 'W';
    actions.push({ kind: 'revoke', from: userName, permissions: [permission], on, grantor, cascade: state === 'W', optionOnly });
  }
  return { actions: gathered(actions), findings };
}

/** Permissions that one statement can take back together. */
function gathered(actions: readonly GrantAction[]): GrantAction[] {
  const alike = Map.groupBy(actions, (action) => JSON.stringify({ ...action, permissions: null }));
  return [...alike.values()].map((list) => {
    const [first] = list;
    if (first?.kind !== 'revoke') throw new Error('only what is taken back can be put together');
    return { ...first, permissions: list.flatMap((each) => (each.kind === 'revoke' ? each.permissions : [])) };
  });
}

function irrevocable({ permission, classText, grantor }: PermissionFound, userName: string): Finding {
  const message = `${userName} has a permission too many, ${permission} on ${classText.toLowerCase().replaceAll('_', ' ')}, which the operator can't take back: have an administrator take it from ${quoted(userName)}${grantor === undefined ? '' : ` AS ${quoted(grantor)}`}`;
  return finding('PrivilegeNotRevocable', message, { blocking: false });
}
