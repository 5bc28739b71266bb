import type { Column, SqlObject } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { maySee, type Securable, theDatabase } from '../permission-check.ts';
import { SqlError } from '../sql-error.ts';
import type { NameParts, TokenCursor } from '../token-cursor.ts';

/** `class :: name` behind ON; an object when the class is left out. */
export interface SecurableName {
  readonly kind: 'database' | 'schema' | 'object' | 'user' | 'role' | 'type';
  readonly name: NameParts;
}

const classes = ['DATABASE', 'SCHEMA', 'OBJECT', 'USER', 'ROLE', 'TYPE'] as const;

export function parseSecurableName(cursor: TokenCursor): SecurableName {
  const found = classes.find((each) => cursor.isAt(each) && cursor.isAtSymbol('::', 1));
  if (!found) return { kind: 'object', name: cursor.names(3) };
  cursor.take();
  cursor.take();
  const kind = found.toLowerCase() as SecurableName['kind'];
  return { kind, name: cursor.names(kind === 'object' || kind === 'type' ? 3 : 1) };
}

/** Throws 15151 for what is not there, or what the user may not even see. */
export function resolveSecurable({ kind, name }: SecurableName, context: Context): Securable {
  const last = name.at(-1) ?? '';
  const id = kind === 'database' ? databaseId(last, context) : findId(kind, name, context);
  const securable = id === undefined ? undefined : kind === 'database' ? theDatabase : { kind, id };
  if (!securable || !maySee(context.catalog, context.principal, securable)) throw errors.cannot('find', kind, last);
  return securable;
}

function databaseId(name: string, { session }: Context): number | undefined {
  if (name.toLowerCase() === session.database.name.toLowerCase()) return 0;
  throw new SqlError(4610, 'You can only grant or revoke permissions on objects in the current database.');
}

function findId(kind: Exclude<SecurableName['kind'], 'database'>, name: NameParts, context: Context): number | undefined {
  const { catalog } = context;
  const last = name.at(-1) ?? '';
  switch (kind) {
    case 'schema':
      return catalog.schemaNamed(last)?.id;
    case 'object':
      return context.findObject(name)?.id;
    case 'type':
      return context
        .schemasOf(name)
        .map((each) => catalog.typeNamed(each, last)?.id)
        .find((each) => each !== undefined);
    case 'user':
    case 'role': {
      const found = catalog.principalNamed(last);
      return found && (found.type === 'R') === (kind === 'role') ? found.id : undefined;
    }
    default:
      return kind satisfies never;
  }
}

/** Throws 1911-like 207 for a column that the table doesn't have. */
export function columnsNamed(table: SqlObject, names: readonly string[], { catalog }: Context): readonly Column[] {
  return names.map((name) => {
    const found = table.columns.find((each) => catalog.isSame(each.name, name));
    if (!found) throw errors.unknownColumn(name);
    return found;
  });
}
