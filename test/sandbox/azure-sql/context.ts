import type { Catalog } from './catalog.ts';
import type { Column, SqlObject } from './catalog-records.ts';
import { errors } from './errors.ts';
import type { Compiled } from './expression.ts';
import { globalVariable } from './global-variables.ts';
import type { Output } from './output.ts';
import { mayDo, type Securable } from './permission-check.ts';
import type { Session } from './session.ts';
import type { NameParts } from './token-cursor.ts';
import type { TypedValue } from './wire/type-decoder.ts';

export type Variables = Map<string, TypedValue>;

/** What a module is run with. */
interface Frame {
  /** Its owner: what the same one owns may be used in it without further right. */
  readonly chainOwner: number | undefined;
  /** Whom it runs as, if not the caller. */
  readonly principal: number | undefined;
  readonly depth: number;
  /** What `BEGIN TRANSACTION` of the module's caller is not its business. */
  readonly isTrigger: boolean;
}

const outermost: Frame = { chainOwner: undefined, principal: undefined, depth: 0, isTrigger: false };
const deepest = 32;

/** What a statement is run in: a session, variables, and the module around it, if any. */
export class Context {
  readonly session: Session;
  readonly variables: Variables;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly #frame: Frame;

  constructor(
    options: { readonly session: Session; readonly variables: Variables; readonly output: Output; readonly signal: AbortSignal },
    frame: Frame = outermost,
  ) {
    this.session = options.session;
    this.variables = options.variables;
    this.output = options.output;
    this.signal = options.signal;
    this.#frame = frame;
  }

  get catalog(): Catalog {
    return this.session.catalog;
  }

  get principal(): number {
    return this.#frame.principal ?? this.session.principal;
  }

  get isInTrigger(): boolean {
    return this.#frame.isTrigger;
  }

  get isInModule(): boolean {
    return this.#frame.depth > 0;
  }

  /** The context of a module's own statements. Throws 217 when modules run in each other too deep. */
  inside(
    owned: Pick<SqlObject, 'owner' | 'schema'> | undefined,
    {
      variables = new Map(),
      principal,
      isTrigger = false,
    }: { readonly variables?: Variables; readonly principal?: number; readonly isTrigger?: boolean } = {},
  ): Context {
    if (this.#frame.depth >= deepest) throw errors.nestedTooDeep();
    const { session, output, signal } = this;
    const chainOwner = owned && this.catalog.ownerOfObject(owned);
    return new Context(
      { session, variables, output, signal },
      { chainOwner, principal: principal ?? this.#frame.principal, depth: this.#frame.depth + 1, isTrigger },
    );
  }

  /** A variable, or with two @ something that the server knows. Throws 137. */
  variable(name: string): Compiled {
    if (name.startsWith('@@')) return globalVariable(name, this);
    const found = this.variables.get(name.toLowerCase());
    if (!found) throw errors.undeclared(name);
    return { type: found.type, value: () => this.variables.get(name.toLowerCase())?.value ?? null };
  }

  /** The object that a name means, without looking at rights: in the schema named, else in the user's own and then in dbo. */
  findObject(name: NameParts): SqlObject | undefined {
    const last = name.at(-1) ?? '';
    for (const schema of this.schemasOf(name)) {
      const found = this.catalog.objectNamed(schema, last);
      if (found) return found;
    }
    return undefined;
  }

  /** Ids of the schemas that a name of one to three parts is looked for in. */
  schemasOf(name: NameParts): readonly number[] {
    const [schema, database] = [name.at(-2), name.at(-3)];
    if (database !== undefined && database.toLowerCase() !== this.session.database.name.toLowerCase()) return [];
    if (schema !== undefined) {
      const found = this.catalog.schemaNamed(schema);
      return found ? [found.id] : [];
    }
    const own = this.catalog.principals.get(this.principal)?.defaultSchema ?? 'dbo';
    return [...new Set([own, 'dbo'])].flatMap((each) => this.catalog.schemaNamed(each)?.id ?? []);
  }

  may(permission: string, securable: Securable): boolean {
    return mayDo(this.catalog, this.principal, permission, securable);
  }

  /** Throws 229 or 230 when the user may not do this with an object, or with these columns of it, and the module around it doesn't vouch for it. */
  requireOn(object: SqlObject, permission: string, columns: readonly Column[] = []): void {
    if (this.#frame.chainOwner !== undefined && this.#frame.chainOwner === this.catalog.ownerOfObject(object)) return;
    const securable: Securable = { kind: 'object', id: object.id };
    const mayUse = ({ id }: Column) => this.may(permission, { ...securable, column: id });
    const schema = this.catalog.schemas.get(object.schema)?.name ?? '';
    const { name: database } = this.session.database;
    const refused = columns.filter((each) => !mayUse(each));
    const [first] = refused;
    if (
      columns.length === 0
        ? !this.may(permission, securable) && !object.columns.some(mayUse)
        : first && refused.length === columns.length && !object.columns.some(mayUse)
    ) {
      throw errors.denied(permission, object.name, database, schema);
    }
    if (first) throw errors.deniedColumn(permission, first.name, object.name, database, schema);
  }
}
