import type { DdlTrigger, ExtendedProperty, Membership, PermissionRow, Principal, Schema, SqlObject, UserType } from './catalog-records.ts';
import { publicRole, wellKnown } from './well-known.ts';

/** Records that lie in a map by id. */
type Records<T> = Map<number, T>;

/** The security catalog of one database. Records are never changed but replaced, so that a copy of the maps is a copy of all. */
export class Catalog {
  readonly principals: Records<Principal>;
  readonly schemas: Records<Schema>;
  readonly objects: Records<SqlObject>;
  readonly types: Records<UserType>;
  readonly triggers: Records<DdlTrigger>;
  memberships: readonly Membership[];
  permissions: readonly PermissionRow[];
  properties: readonly ExtendedProperty[];
  #lastId: number;
  /** Whether names differ by case. */
  readonly isCaseSensitive: boolean;

  private constructor(
    from: Pick<
      Catalog,
      'principals' | 'schemas' | 'objects' | 'types' | 'triggers' | 'memberships' | 'permissions' | 'properties' | 'isCaseSensitive'
    >,
    lastId: number,
  ) {
    this.principals = new Map(from.principals);
    this.schemas = new Map(from.schemas);
    this.objects = new Map(from.objects);
    this.types = new Map(from.types);
    this.triggers = new Map(from.triggers);
    this.memberships = from.memberships;
    this.permissions = from.permissions;
    this.properties = from.properties;
    this.isCaseSensitive = from.isCaseSensitive;
    this.#lastId = lastId;
  }

  /** That of a new database. */
  static create({ isCaseSensitive, now }: { readonly isCaseSensitive: boolean; readonly now: Date }): Catalog {
    const { principals, schemas, permissions } = wellKnown(now);
    const empty = { objects: new Map(), types: new Map(), triggers: new Map(), memberships: [], properties: [] };
    return new Catalog({ ...empty, principals, schemas, permissions, isCaseSensitive }, 901_578_250);
  }

  copy(): Catalog {
    return new Catalog(this, this.#lastId);
  }

  /** For objects, types and triggers, which share their ids. */
  nextObjectId(): number {
    this.#lastId += 16_000_057;
    if (this.#lastId > 2_000_000_000) this.#lastId -= 1_999_999_993;
    return this.#lastId;
  }

  nextPrincipalId(): number {
    return lowestFree(this.principals, 5);
  }

  nextSchemaId(): number {
    return lowestFree(this.schemas, 5);
  }

  nextTypeId(): number {
    return lowestFree(this.types, 257);
  }

  /** What a name is compared by: [U] upper case and narrow letters, without spaces at its end, stand for SQL_Latin1_General_CP1_CI_AS. */
  fold(name: string): string {
    return this.isCaseSensitive ? name.replace(/ +$/, '') : foldText(name);
  }

  isSame(left: string, right: string): boolean {
    return this.fold(left) === this.fold(right);
  }

  principalNamed(name: string): Principal | undefined {
    return this.#named(this.principals, name);
  }

  schemaNamed(name: string): Schema | undefined {
    return this.#named(this.schemas, name);
  }

  objectNamed(schema: number, name: string): SqlObject | undefined {
    const folded = this.fold(name);
    for (const each of this.objects.values()) if (each.schema === schema && this.fold(each.name) === folded) return each;
    return undefined;
  }

  typeNamed(schema: number, name: string): UserType | undefined {
    const folded = this.fold(name);
    for (const each of this.types.values()) if (each.schema === schema && this.fold(each.name) === folded) return each;
    return undefined;
  }

  triggerNamed(name: string): DdlTrigger | undefined {
    return this.#named(this.triggers, name);
  }

  ownerOfObject({ owner, schema }: Pick<SqlObject, 'owner' | 'schema'>): number {
    return owner ?? this.schemas.get(schema)?.owner ?? 1;
  }

  /** The principal and all roles that it is in, however far. */
  identitiesOf(principal: number): ReadonlySet<number> {
    const found = new Set([principal, publicRole]);
    for (const each of found) for (const { role, member } of this.memberships) if (member === each) found.add(role);
    return found;
  }

  /** Whether the principal is the role, or in it. Everybody is in public. */
  isMember(principal: number, role: number): boolean {
    return this.identitiesOf(principal).has(role);
  }

  /** Takes away what is said of a securable that goes. */
  forgetSecurable(securable: number, major: number): void {
    const isOf = (each: { readonly class: number; readonly major: number }) => each.class === securable && each.major === major;
    this.permissions = this.permissions.filter((each) => !isOf(each));
    this.properties = this.properties.filter((each) => !isOf(each));
  }

  #named<T extends { readonly name: string }>(records: Records<T>, name: string): T | undefined {
    const folded = this.fold(name);
    for (const each of records.values()) if (this.fold(each.name) === folded) return each;
    return undefined;
  }
}

/** As `fold` where case does not count. */
export function foldText(text: string): string {
  return text
    .replace(/ +$/, '')
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .toUpperCase();
}

function lowestFree(records: Records<unknown>, from: number): number {
  let id = from;
  while (records.has(id)) id += 1;
  return id;
}
