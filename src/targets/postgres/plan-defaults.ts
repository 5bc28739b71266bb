import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { throughLogin } from './owner-login.ts';
import { type Promised, promisedLater } from './profile.ts';
import type { Acting, Creator, DefaultRight, RightsObservation } from './rights.ts';
import type { Privilege } from './securable.ts';
import type { FutureObjects } from './statements.ts';
import { type GrantAction, quoted, type Through } from './steps.ts';

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
  const revokes = gathered(surplus, found).map((list): GrantAction => ({ kind: 'revoke-default', from: userName, ...list }));
  const findings = surplus.filter((right) => !inName(right, found)).map((right) => irrevocable(right, userName));
  return { actions: [...revokes, ...grants(promised, found)], findings };
}

function isPromised(promised: Promised, { schema, kind, privilege }: DefaultRight): boolean {
  if (schema === undefined) return false;
  return kinds.some((each) => each === kind && promisedLater(promised, { kind: each, schema }).includes(privilege));
}

function grants(promised: Promised, found: RightsObservation): GrantAction[] {
  return creators(promised, found).flatMap((creator) =>
    kinds.flatMap((kind): GrantAction[] => {
      const { owner, schema } = creator;
      const future = { owner, schema, kind };
      const privileges = promisedLater(promised, future).filter(
        (privilege) => !found.defaults.some((right) => isFor(right, future) && right.privilege === privilege && !right.canPassOn),
      );
      const name = inName(creator, found);
      return privileges.length === 0 || !name ? [] : [{ kind: 'grant-default', to: found.userName, privileges, future, ...name }];
    }),
  );
}

const kinds = ['table', 'sequence', 'routine'] as const;

/** Whoever may create objects in a schema, and has, each once, for whomever we may act or not. Who has only made routines hardly makes anything else. */
function creators(promised: Promised, { groups, creators: mayCreate, userName }: RightsObservation): Creator[] {
  const have = groups.filter((group) => group.kind !== 'routine' || promisedLater(promised, group).length > 0);
  const all = [...mayCreate, ...have].filter(({ owner }) => owner !== userName);
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
  readonly through?: Through;
}

/** One statement for all rights that one can take back, as far as we may act for their owners. */
function gathered(rights: readonly DefaultRight[], found: RightsObservation): Gathered[] {
  const lists = new Map<string, Gathered>();
  for (const right of rights) {
    const { owner, schema, kind, privilege, canPassOn: cascade } = right;
    const name = inName(right, found);
    if (!name) continue;
    const key = JSON.stringify([owner, schema ?? null, kind, cascade]);
    const list = lists.get(key) ?? { future: { owner, schema, kind }, privileges: [], cascade, ...name };
    list.privileges.push(privilege);
    lists.set(key, list);
  }
  return [...lists.values()];
}

/** In whose name an owner's default privileges are changed; undefined where we can't act for the owner. */
function inName(
  of: { readonly owner: string; readonly acting: Acting },
  { ownerLogin }: RightsObservation,
): Pick<Gathered, 'actFor' | 'through'> | undefined {
  if (of.acting !== 'no') return { actFor: of.acting === 'selfgrant' ? of.owner : undefined };
  const through = throughLogin(of, ownerLogin);
  return through && { actFor: undefined, through };
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
