import { isOurs, type Mark, parseMark } from '../mark.ts';
import type { Cancellable } from '../target.ts';
import { isReservedName } from './names.ts';
import { readPrincipals } from './queries.ts';
import type { Session } from './session.ts';

/** A user or role of a database as found. */
export interface Principal {
  readonly id: number;
  /** As the catalog has it. */
  readonly name: string;
  /** E: an Entra user or application, X: an Entra group, S: with a password or without any login, R: a role, and others. */
  readonly type: string;
  readonly isFixedRole: boolean;
  /** Lower case; the first 16 bytes of its security id. Undefined for those that are bound to nobody. */
  readonly boundTo: string | undefined;
  /** Whether that is the whole of the security id: users of server logins have a longer one. */
  readonly isBoundDirectly: boolean;
  /** The text that stands where marks do. */
  readonly property: string | undefined;
  readonly mark: Mark | undefined;
  /** Whether it was given the right to connect itself. */
  readonly mayConnect: boolean;
  /** Who denied it to connect, whatever it was given by itself or through roles; undefined for dbo. Nobody: it isn't locked. */
  readonly lockedBy: readonly (string | undefined)[];
  readonly defaultSchema: string | undefined;
}

/** Who is looked for: by name, and by the security id where there is one. */
export interface Sought {
  readonly name: string;
  readonly securityId: Buffer | null;
}

/** Who was found for one name and security id. */
export interface FoundPrincipals {
  /** Who bears the name, as the server compares names. */
  readonly named: Principal | undefined;
  /** Who is bound by the security id, under whatever name. */
  readonly bound: readonly Principal[];
}

interface Row {
  /** The place of the question. */
  readonly asked: number;
  readonly isNamed: number;
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly isFixedRole: boolean;
  readonly sidLength: number | null;
  readonly boundTo: string | null;
  readonly mark: string | null;
  readonly connects: string | null;
  readonly connectsBy: string | null;
  readonly defaultSchema: string | null;
}

/** Ids up to this one belong to Azure SQL: public, dbo, guest, INFORMATION_SCHEMA and sys. */
const lastReservedId = 4;

/** Looks for several principals at once, and answers in the order in which they were asked for. Never writes. */
export async function findPrincipals(
  session: Session,
  sought: readonly Sought[],
  { signal }: Cancellable,
): Promise<readonly FoundPrincipals[]> {
  if (sought.length === 0) return [];
  const values = sought.flatMap(({ name, securityId }) => [name, securityId]);
  const rows = await session.query<Row>(readPrincipals(sought.length), values, { signal });
  const byPlace = Map.groupBy(rows, ({ asked }) => asked);
  return sought.map(({ securityId }, place) => {
    const found = [...Map.groupBy(byPlace.get(place) ?? [], ({ id }) => id).values()].map((each) => ({
      isNamed: each.some(({ isNamed }) => isNamed === 1),
      principal: principalOf(each),
    }));
    const others = found.filter(({ isNamed }) => !isNamed).map(({ principal }) => principal);
    return { named: found.find(({ isNamed }) => isNamed)?.principal, bound: securityId === null ? [] : others };
  });
}

/** The principal of a name, or undefined. */
export async function findPrincipal(session: Session, name: string, { signal }: Cancellable): Promise<Principal | undefined> {
  const [found] = await findPrincipals(session, [{ name, securityId: null }], { signal });
  return found?.named;
}

function principalOf(rows: readonly Row[]): Principal {
  const { id, name, type, isFixedRole, sidLength, boundTo, mark, defaultSchema } = rows[0]!;
  return {
    id,
    name,
    type,
    isFixedRole,
    boundTo: (type === 'E' || type === 'X') && boundTo !== null ? boundTo.toLowerCase() : undefined,
    isBoundDirectly: sidLength === 16,
    property: mark ?? undefined,
    mark: parseMark(mark),
    mayConnect: rows.some(({ connects }) => connects === 'G' || connects === 'W'),
    lockedBy: rows.flatMap(({ connects, connectsBy }) => (connects === 'D' ? [grantorOf(connectsBy)] : [])),
    defaultSchema: defaultSchema ?? undefined,
  };
}

function grantorOf(name: string | null): string | undefined {
  return name === null || name === 'dbo' ? undefined : name;
}

/** Whether just this application can log in as the user. Pure. */
export function isBoundTo({ type, boundTo, isBoundDirectly }: Principal, clientId: string): boolean {
  return type === 'E' && isBoundDirectly && boundTo === clientId.toLowerCase();
}

/**
 * Whether a principal is none that we may ever change, whatever its mark says. `administratorIds`: of the server's Entra administrators. The names of what we make beside users are reserved
 * for those as whom nobody can log in: an application that calls itself so is still an application. Pure.
 */
export function isReserved({ id, name, type, boundTo }: Principal, administratorIds: readonly string[]): boolean {
  if (id <= lastReservedId || !['E', 'X', 'S'].includes(type)) return true;
  if (type === 'S' && isReservedName(name)) return true;
  return boundTo !== undefined && administratorIds.includes(boundTo);
}

/** Whether a user bears exactly this mark, whatever its state, and is none that we may never touch. Pure. */
export function bears(principal: Principal, mark: Mark, administratorIds: readonly string[]): boolean {
  return !isReserved(principal, administratorIds) && isOurs(principal.mark, mark) && principal.mark.uid === mark.uid;
}
