import type { Finding } from '../../api/step.ts';
import { finding } from './finding.ts';
import { type Promised, promisedLater } from './profile.ts';
import type { Acting, Creator, DefaultRight, RightsObservation } from './rights.ts';
import type { Privilege } from './securable.ts';
import type { FutureObjects } from './statements.ts';
import { type GrantAction, quoted } from './steps.ts';

/**
 * Rights on what is created later. They are given for everybody who has or may create objects in the schemas and for whom we may act; for the others each
 * look at the database does the rest. Those of an owner who has nothing left there stay, because it may come back. Pure.
 */
export function planDefaults(
  promised: Promised,
  found: RightsObservation,
): { readonly actions: readonly GrantAction[]; readonly findings: readonly Finding[] } {
  const { userName } = found;
  // what the user has on its own future objects belongs to owning them
  const defaults = found.defaults.filter(({ owner }) => owner !== userName);
  const surplus = defaults.filter((right) => right.canPassOn || !isPromised(promised, right));
  const revokes = gathered(surplus.filter(({ acting }) => acting !== 'no')).map(
    ({ future, privileges, cascade, actFor }): GrantAction => ({
      kind: 'revoke-default',
      from: userName,
      privileges,
      future,
      cascade,
      actFor,
    }),
  );
  const findings = surplus.filter(({ acting }) => acting === 'no').map((right) => irrevocable(right, userName));
  return { actions: [...revokes, ...grants(promised, found)], findings };
}

function isPromised(promised: Promised, { schema, kind, privilege }: DefaultRight): boolean {
  if (schema === undefined) return false;
  return kinds.some((each) => each === kind && promisedLater(promised, { kind: each, schema }).includes(privilege));
}

function grants(promised: Promised, found: RightsObservation): GrantAction[] {
  return creators(promised, found).flatMap(({ schema, owner, acting }) =>
    kinds.flatMap((kind): GrantAction[] => {
      const future = { owner, schema, kind };
      const privileges = promisedLater(promised, future).filter(
        (privilege) => !found.defaults.some((right) => isFor(right, future) && right.privilege === privilege && !right.canPassOn),
      );
      return privileges.length === 0
        ? []
        : [{ kind: 'grant-default', to: found.userName, privileges, future, actFor: actFor(acting, owner) }];
    }),
  );
}

const kinds = ['table', 'sequence', 'routine'] as const;

/** Whoever may create objects in a schema, and has, each once, as far as we may act for them. Who has only made routines hardly makes anything else. */
function creators(promised: Promised, { groups, creators: mayCreate, userName }: RightsObservation): Creator[] {
  const have = groups.filter((group) => group.kind !== 'routine' || promisedLater(promised, group).length > 0);
  const all = [...mayCreate, ...have].filter(({ owner, acting }) => acting !== 'no' && owner !== userName);
  return [...new Map(all.map(({ schema, owner, acting }) => [JSON.stringify([schema, owner]), { schema, owner, acting }])).values()];
}

function isFor(right: DefaultRight, { owner, schema, kind }: FutureObjects): boolean {
  return right.owner === owner && right.schema === schema && right.kind === kind;
}

interface Gathered {
  readonly future: FutureObjects;
  readonly privileges: Privilege[];
  readonly cascade: boolean;
  readonly actFor: string | undefined;
}

function gathered(rights: readonly DefaultRight[]): Gathered[] {
  const lists = new Map<string, Gathered>();
  for (const { owner, schema, kind, privilege, canPassOn: cascade, acting } of rights) {
    const key = JSON.stringify([owner, schema ?? null, kind, cascade]);
    const list = lists.get(key) ?? { future: { owner, schema, kind }, privileges: [], cascade, actFor: actFor(acting, owner) };
    list.privileges.push(privilege);
    lists.set(key, list);
  }
  return [...lists.values()];
}

function actFor(acting: Acting, owner: string): string | undefined {
  return acting === 'selfgrant' ? owner : undefined;
}

function irrevocable({ owner, schema, kind, privilege }: DefaultRight, userName: string): Finding {
  const where = schema === undefined ? '' : ` IN SCHEMA ${quoted(schema)}`;
  const statement = `ALTER DEFAULT PRIVILEGES${where} REVOKE ${privilege} ON ${kind.toUpperCase()}S FROM ${quoted(userName)}`;
  return finding(
    'PrivilegeNotRevocable',
    `${userName} is to get ${privilege} on every ${kind} that ${owner} creates: have ${owner} run ${statement}`,
    { blocking: false },
  );
}
