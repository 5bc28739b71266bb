import type { Finding, StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { coversDatabase, databasePattern, folded, isSameName } from './databases.ts';
import { missingFindings } from './missing-findings.ts';
import { fitsAsName, maximumNameLength } from './names.ts';
import { planMemberships } from './plan-memberships.ts';
import { foldedRoutine, type Promised, type PromisedByName, promisedOnRoutines, promisedOnTables } from './profile.ts';
import type { RightsObservation, RightsOn } from './rights.ts';
import { grantOption, type Privilege, type Securable } from './securable.ts';
import { revoke, revokeProxy } from './statements.ts';
import { type GrantAction, type GrantStep, grantStep } from './steps.ts';

/** What is to be done so that the user has the rights promised in this database, no more and no less. Pure. */
export function planRights(promised: Promised, found: RightsObservation): StagePlan<GrantStep> {
  const expected = expectedOf(promised, found);
  const grants = grantsFor(expected, found);
  const surplus = surplusIn(expected, found);
  const proxies = planProxies(found);
  const memberships = planMemberships(promised, found);
  // what is missing comes first: a narrow right on the database takes the place of a wide one at once, because only the narrowest counts
  const actions = [...grants, ...surplus.revokes, ...proxies.revokes, ...memberships.actions];
  const findings = [
    ...unwritable(expected, found),
    ...missingFindings(promised, found),
    ...surplus.findings,
    ...proxies.findings,
    ...memberships.findings,
  ];
  return { steps: actions.map(grantStep), findings };
}

/** What is promised on each object, found without going through all of them. */
interface Expected {
  readonly whole: readonly Privilege[];
  readonly tables: PromisedByName;
  readonly routines: PromisedByName;
}

function expectedOf(promised: Promised, { traits }: RightsObservation): Expected {
  return { whole: promised.database, tables: promisedOnTables(promised, traits), routines: promisedOnRoutines(promised) };
}

function grantsFor(expected: Expected, found: RightsObservation): GrantAction[] {
  const { database, userName, traits, named } = found;
  const having = new Map<string, Privilege[]>();
  for (const { on, privileges } of found.rights) {
    const key = keyOf(on, traits);
    having.set(key, [...(having.get(key) ?? []), ...privileges]);
  }
  const whole: Securable = { kind: 'database', pattern: databasePattern(database, traits) };
  const objects = named.map((object): Securable => ({ database, ...object }));
  return [...(isWritable(found) ? [whole] : []), ...objects].flatMap((on): GrantAction[] => {
    const there = having.get(keyOf(on, traits)) ?? [];
    const missing = expectedOn(expected, on, found).filter((privilege) => !there.includes(privilege));
    return missing.length === 0 ? [] : [{ kind: 'grant', to: userName, privileges: missing, on }];
  });
}

/** Whether GRANT can mean just this database: it takes no longer names than others have, whatever has to be escaped in them. */
function isWritable({ database, traits }: RightsObservation): boolean {
  return fitsAsName(databasePattern(database, traits));
}

/** Without escapes the rights would be on other databases too, so they aren't given (threat-model D13). */
function unwritable({ whole }: Expected, found: RightsObservation): readonly Finding[] {
  if (whole.length === 0 || isWritable(found)) return [];
  const message = `no GRANT can mean database ${found.database} alone: with its _ and % escaped the name has more than ${maximumNameLength} characters; ask for rights on its tables by name in access.grants, have partial_revokes switched on for the server, or use a database with a shorter name`;
  return [finding('NotPermitted', message, { blocking: true })];
}

interface Surplus {
  readonly revokes: readonly GrantAction[];
  readonly findings: readonly Finding[];
}

/** What is there and not promised, on whatever it is; it is taken away by the name that the catalog has for it. */
function surplusIn(promise: Expected, found: RightsObservation): Surplus {
  const revokes: GrantAction[] = [];
  const findings: Finding[] = [];
  for (const right of found.rights) {
    const { on, grantOption: canPassOn } = right;
    const expected = expectedOn(promise, on, found);
    const privileges = right.privileges.filter((privilege) => !expected.includes(privilege));
    const isWider = canPassOn || on.kind === 'server' || (on.kind === 'database' && !isWhole(on, found));
    const narrows = isWider || privileges.some((privilege) => !promise.whole.includes(privilege));
    if (right.automatic && !narrows) continue;
    const surplus = canPassOn ? [...privileges, grantOption] : privileges;
    const revocable = surplus.filter((privilege) => isRevocable(privilege, found));
    const irrevocable = surplus.filter((privilege) => !isRevocable(privilege, found));
    if (revocable.length > 0) revokes.push({ kind: 'revoke', from: found.userName, privileges: revocable, on, narrows });
    if (irrevocable.length > 0) findings.push(irrevocableFinding(right, irrevocable, found));
  }
  return { revokes, findings };
}

function expectedOn({ whole, tables, routines }: Expected, on: Securable, found: RightsObservation): readonly Privilege[] {
  switch (on.kind) {
    case 'database':
      return isWhole(on, found) ? whole : [];
    case 'table':
      return tables.get(folded(on.name, found.traits)) ?? [];
    case 'routine':
      return routines.get(foldedRoutine(on.name)) ?? [];
    case 'server':
    case 'column':
      return [];
    default:
      return on satisfies never;
  }
}

/** Whether rights are those on just this database, written as we write them. */
function isWhole({ pattern }: Extract<Securable, { readonly kind: 'database' }>, { database, traits }: RightsObservation): boolean {
  return isSameName(pattern, databasePattern(database, traits), traits);
}

function keyOf(on: Securable, traits: RightsObservation['traits']): string {
  switch (on.kind) {
    case 'server':
      return JSON.stringify([on.kind]);
    case 'database':
      return JSON.stringify([on.kind, folded(on.pattern, traits)]);
    case 'table':
      return JSON.stringify([on.kind, folded(on.database, traits), folded(on.name, traits)]);
    case 'column':
      return JSON.stringify([on.kind, folded(on.database, traits), folded(on.table, traits), on.name.toLowerCase()]);
    case 'routine':
      return JSON.stringify([on.kind, folded(on.database, traits), on.type, on.name.toLowerCase()]);
    default:
      return on satisfies never;
  }
}

/** Who takes a right must have it, and the right to pass it on (https://dev.mysql.com/doc/refman/8.0/en/revoke.html). One whose rights can't be seen, as they come from a role, tries. */
function isRevocable(privilege: Privilege, { own }: RightsObservation): boolean {
  return own.grantable.length === 0 || privilege === grantOption || own.grantable.includes(privilege);
}

function irrevocableFinding({ on }: RightsOn, privileges: readonly Privilege[], { userName }: RightsObservation): Finding {
  const message = `${userName} has ${privileges.join(', ')} on ${wordFor[on.kind]}, which the operator can't take away: have an administrator who has it run ${revoke(privileges, on, userName)}`;
  return finding('PrivilegeNotRevocable', message, { blocking: false });
}

const wordFor: Readonly<Record<Securable['kind'], string>> = {
  server: 'all databases',
  database: 'the database',
  table: 'a table',
  column: 'a column',
  routine: 'a routine',
};

function planProxies({ proxied, own, userName }: RightsObservation): Surplus {
  if (own.anyProxy)
    return { revokes: proxied.map((account) => ({ kind: 'revoke-proxy', from: userName, proxied: account })), findings: [] };
  const findings = proxied.map((account) => {
    const message = `${userName} may act as ${account.name === '' ? 'other users' : 'another user'}, which the operator can't take away: have an administrator who may run ${revokeProxy(account, userName)}`;
    return finding('PrivilegeNotRevocable', message, { blocking: false });
  });
  return { revokes: [], findings };
}

/** Whether a right is about a database or about more than databases. Pure. */
export function isInScope(on: Securable, database: string, traits: RightsObservation['traits']): boolean {
  switch (on.kind) {
    case 'server':
      return true;
    case 'database':
      return coversDatabase(on.pattern, database, traits);
    case 'table':
    case 'column':
    case 'routine':
      return isSameName(on.database, database, traits);
    default:
      return on satisfies never;
  }
}
