import type { Cancellable } from '../target.ts';
import { errnoOf } from './errors.ts';
import type { MembershipFound, NamedObject, OwnRights, RightsOn, RoleName } from './rights.ts';
import {
  granteeOf,
  isLongForRoutines,
  type NamedRequest,
  type RightsRow,
  readDatabaseRights,
  readRights,
  showGrants,
} from './rights-queries.ts';
import type { Privilege, Securable } from './securable.ts';
import type { Session } from './session.ts';
import { routineRightsIn } from './shown-grants.ts';

/** All that a user has, in whatever database. */
export interface AllRights {
  readonly rights: readonly RightsOn[];
  readonly proxied: readonly RoleName[];
  readonly memberships: readonly MembershipFound[];
  readonly defaultRoles: readonly RoleName[];
}

export interface RightsFound {
  /** By user name; of the names asked for each one. */
  readonly users: ReadonlyMap<string, AllRights>;
  /** Those of the databases that are there, as the server writes them. */
  readonly databases: readonly string[];
  readonly named: readonly (NamedObject & { readonly database: string })[];
  readonly own: OwnRights;
}

/** Somebody dropped the user since. */
const noSuchGrant = 1141;

type DatabaseRow = Readonly<Record<string, unknown>> & { readonly User: string; readonly Db: string };

/** Reads all rights of some users, and of the operator, with two statements, and one for each with a long name. Never writes. Throws ConnectionError. */
export async function readAllRights(
  session: Session,
  userNames: readonly string[],
  { databases, named, signal }: Cancellable & { readonly databases: readonly string[]; readonly named: readonly NamedRequest[] },
): Promise<RightsFound> {
  const names = [...new Set(userNames)];
  const rows = await session.query<RightsRow>(readRights([...names, session.login], databases, named), { signal });
  const databaseRows = await session.query<DatabaseRow>(readDatabaseRights(names), { signal });
  const users = new Map(names.map((name) => [name, rightsOf(name, rows, databaseRows)]));
  for (const name of names.filter(isLongForRoutines)) users.set(name, await withRoutines(session, name, users.get(name)!, { signal }));
  return {
    users,
    databases: rows.flatMap(({ kind, place }) => (kind === 'database' ? [place] : [])),
    named: rows.flatMap(namedIn),
    own: ownRights(session.login, rows),
  };
}

async function withRoutines(session: Session, userName: string, found: AllRights, { signal }: Cancellable): Promise<AllRights> {
  try {
    const shown = await session.query<Readonly<Record<string, string>>>(showGrants(userName), { signal });
    return { ...found, rights: [...found.rights, ...shown.flatMap((row) => routineRightsIn(Object.values(row)[0] ?? ''))] };
  } catch (error) {
    if (errnoOf(error) !== noSuchGrant) throw error;
    return found;
  }
}

function rightsOf(userName: string, all: readonly RightsRow[], databaseRows: readonly DatabaseRow[]): AllRights {
  const rows = all.filter((row) => row.userName === userName);
  const account = ({ name, place }: RightsRow): RoleName => ({ name, host: place });
  return {
    rights: [
      ...serverRights(userName, all),
      ...databaseRows.filter(({ User }) => User === userName).map(databaseRights),
      ...rows.flatMap((row) => objectRights(row) ?? []),
    ],
    proxied: rows.filter(({ kind }) => kind === 'proxy').map(account),
    memberships: rows.filter(({ kind }) => kind === 'role').map((row) => ({ role: account(row), canPassOn: row.remark === 'Y' })),
    defaultRoles: rows.filter(({ kind }) => kind === 'default-role').map(account),
  };
}

/** A row for each privilege; USAGE stands for none. */
function serverRights(userName: string, all: readonly RightsRow[]): readonly RightsOn[] {
  const rows = all.filter((row) => row.kind === 'server' && row.userName === granteeOf(userName));
  const privileges = rows.map(({ privileges: privilege }) => privilege).filter((privilege) => privilege !== 'USAGE');
  const grantOption = rows.some(({ remark }) => remark === 'YES');
  return privileges.length === 0 && !grantOption ? [] : [{ on: { kind: 'server' }, privileges, grantOption }];
}

/** Privileges whose column isn't their name with underscores. */
const namesByColumn: Readonly<Record<string, Privilege>> = { Create_tmp_table_priv: 'CREATE TEMPORARY TABLES' };

function databaseRights({ User: _, Db, ...columns }: DatabaseRow): RightsOn {
  const held = Object.keys(columns).filter((column) => column.endsWith('_priv') && columns[column] === 'Y');
  const privileges = held
    .filter((column) => column !== 'Grant_priv')
    .map((column) => namesByColumn[column] ?? column.slice(0, -'_priv'.length).replaceAll('_', ' ').toUpperCase());
  return { on: { kind: 'database', pattern: Db }, privileges, grantOption: held.includes('Grant_priv') };
}

function objectRights({ kind, userName, place: database, name, detail, privileges: text, remark }: RightsRow): RightsOn | undefined {
  const on: Securable | undefined =
    kind === 'table'
      ? { kind, database, name }
      : kind === 'column'
        ? { kind, database, table: name, name: detail }
        : kind === 'routine'
          ? { kind, database, type: detail, name }
          : undefined;
  if (!on) return undefined;
  const words = text.split(',').map((word) => word.toUpperCase());
  const privileges = words.filter((word) => word !== 'GRANT');
  const isOwn = kind === 'routine' && remark.slice(0, remark.lastIndexOf('@')) === userName;
  return { on, privileges, grantOption: words.includes('GRANT'), ...(isOwn && { automatic: true }) };
}

function namedIn({ kind, place: database, name, detail }: RightsRow): readonly (NamedObject & { readonly database: string })[] {
  if (kind === 'named-table') return [{ kind: 'table', database, name }];
  return kind === 'named-routine' ? [{ kind: 'routine', database, name, type: detail }] : [];
}

function ownRights(login: string, rows: readonly RightsRow[]): OwnRights {
  const onAll = rows.filter(({ kind, userName }) => kind === 'server' && userName === granteeOf(login));
  const own = rows.filter(({ userName }) => userName === login);
  return {
    grantable: onAll.flatMap(({ privileges, remark }) => (remark === 'YES' ? [privileges] : [])),
    anyRole: onAll.some(({ privileges }) => privileges === 'ROLE_ADMIN' || privileges === 'SUPER'),
    roles: own.flatMap(({ kind, name, remark }) => (kind === 'role' && remark === 'Y' ? [name] : [])),
    anyProxy: own.some(({ kind, name, place, remark }) => kind === 'proxy' && name === '' && place === '' && remark === '1'),
  };
}
