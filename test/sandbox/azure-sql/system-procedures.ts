import { type ExtendedProperty, securableClass } from './catalog-records.ts';
import type { Context, Variables } from './context.ts';
import { converted } from './convert.ts';
import { runBatchText } from './dynamic-batch.ts';
import { errors } from './errors.ts';
import type { CallArgument } from './module.ts';
import { inTransaction } from './own-transaction.ts';
import type { Securable } from './permission-check.ts';
import { SqlError } from './sql-error.ts';
import type { SqlValue } from './sql-type.ts';
import { type NameParts, TokenCursor } from './token-cursor.ts';
import { fireTriggers } from './trigger.ts';
import { parseType } from './type-parser.ts';

export type SystemProcedure = (given: readonly CallArgument[], context: Context) => Promise<number>;

/** Arguments by their names, in the order in which they can go by place. */
function taken(procedure: string, names: readonly string[], given: readonly CallArgument[]): Readonly<Record<string, SqlValue>> {
  if (given.length > names.length) throw errors.tooManyArguments(procedure);
  return Object.fromEntries(
    given.map(({ name, value }, index) => {
      const own = name?.toLowerCase() ?? names[index] ?? '';
      if (!names.includes(own)) throw errors.parameterUnknown(name ?? '', procedure);
      return [own, value];
    }),
  );
}

const levels = ['@level0type', '@level0name', '@level1type', '@level1name', '@level2type', '@level2name'];

/** https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-addextendedproperty-transact-sql and its neighbours. */
function propertyProcedure(verb: 'add' | 'update' | 'drop'): SystemProcedure {
  const procedure = `sp_${verb}extendedproperty`;
  const names = verb === 'drop' ? ['@name', ...levels] : ['@name', '@value', ...levels];
  const event = `${{ add: 'CREATE', update: 'ALTER', drop: 'DROP' }[verb]}_EXTENDED_PROPERTY`;
  return async (given, context) => {
    const values = taken(procedure, names, given);
    const name = values['@name'] ?? null;
    if (typeof name !== 'string' || name === '' || name.length > 128)
      throw new SqlError(15600, `An invalid parameter or option was specified for procedure '${procedure}'.`);
    const place = placeOf(values, context);
    const { triggers } = context.catalog;
    await inTransaction(context.session, async () => {
      await context.session.changeCatalog((catalog) => {
        const isSame = (each: ExtendedProperty) =>
          each.class === place.class && each.major === place.major && each.minor === place.minor && catalog.isSame(each.name, name);
        const before = catalog.properties.find(isSame);
        if (verb === 'add' && before) throw errors.propertyExists(name, place.text);
        if (verb !== 'add' && !before) throw errors.noProperty(name, place.text);
        const value = values['@value'] ?? null;
        if (typeof value === 'string' && value.length > 3750)
          throw new SqlError(15097, 'The size associated with an extended property cannot be more than 7,500 bytes.');
        const { class: of, major, minor } = place;
        const rest = catalog.properties.filter((each) => each !== before);
        catalog.properties = verb === 'drop' ? rest : [...rest, { class: of, major, minor, name: before?.name ?? name, value }];
      }, context);
      await fireTriggers(event, triggers, context);
    });
    return 0;
  };
}

/** What a property is of: the database, a user, a role, a schema, or an object in a schema. Throws 15135. */
function placeOf(
  values: Readonly<Record<string, SqlValue>>,
  context: Context,
): { readonly class: number; readonly major: number; readonly minor: number; readonly text: string } {
  const at = (index: number) => values[levels[index] ?? ''] ?? null;
  const [type, name, innerType, innerName] = [0, 1, 2, 3].map((index) => (at(index) === null ? undefined : String(at(index))));
  const text = [name, innerName].filter((each) => each !== undefined).join('.') || 'object specified';
  const { catalog } = context;
  if (at(4) !== null) throw errors.noPropertyObject(text);
  if (type === undefined)
    return permitted('CONTROL', { kind: 'database', id: 0 }, { class: securableClass.database, major: 0, minor: 0, text }, context);
  const upper = type.toUpperCase();
  if ((upper === 'USER' || upper === 'ROLE') && innerType === undefined) {
    const found = catalog.principalNamed(name ?? '');
    if (!found || (found.type === 'R') !== (upper === 'ROLE')) throw errors.noPropertyObject(text);
    return permitted(
      'ALTER',
      { kind: upper === 'ROLE' ? 'role' : 'user', id: found.id },
      { class: securableClass.principal, major: found.id, minor: 0, text },
      context,
    );
  }
  const schema = upper === 'SCHEMA' ? catalog.schemaNamed(name ?? '') : undefined;
  if (!schema) throw errors.noPropertyObject(text);
  if (innerType === undefined)
    return permitted(
      'ALTER',
      { kind: 'schema', id: schema.id },
      { class: securableClass.schema, major: schema.id, minor: 0, text },
      context,
    );
  const object = catalog.objectNamed(schema.id, innerName ?? '');
  if (!object) throw errors.noPropertyObject(text);
  return permitted('ALTER', { kind: 'object', id: object.id }, { class: securableClass.object, major: object.id, minor: 0, text }, context);
}

function permitted<T extends { readonly text: string }>(permission: string, on: Securable, place: T, context: Context): T {
  if (!context.may(permission, on)) throw errors.noPropertyObject(place.text);
  return place;
}

/** https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql */
const takeLock: SystemProcedure = async (given, { session, signal }) => {
  const values = taken('sp_getapplock', ['@resource', '@lockmode', '@lockowner', '@locktimeout', '@dbprincipal'], given);
  const ofSession = String(values['@lockowner'] ?? 'Transaction').toLowerCase() === 'session';
  if (!ofSession && !session.transaction?.count)
    throw new SqlError(
      1223,
      `Cannot release the application lock (Database Principal: 'public', Resource: '${values['@resource']}') because it is not currently held.`,
    );
  const timeoutInMs = values['@locktimeout'] === undefined ? session.settings.lockTimeout : Number(values['@locktimeout']);
  try {
    const name = `application lock ${values['@resource']}`;
    await session.database.locks.take(name, session.id, { timeoutInMs, signal });
    if (ofSession) session.ownLocks.add(name);
    return 0;
  } catch (error) {
    if (error instanceof SqlError && error.number === 1222) return -1;
    if (error instanceof SqlError && error.number === 1205) return -3;
    throw error;
  }
};

const releaseLock: SystemProcedure = async (given, { session }) => {
  const values = taken('sp_releaseapplock', ['@resource', '@lockowner', '@dbprincipal'], given);
  if (session.database.locks.release(`application lock ${values['@resource']}`, session.id)) return 0;
  throw new SqlError(
    1223,
    `Cannot release the application lock (Database Principal: 'public', Resource: '${values['@resource']}') because it is not currently held.`,
  );
};

/** `sp_executesql N'…', N'@name type, …', value, …`. */
const executeSql: SystemProcedure = async (given, context) => {
  const [sql, declarations, ...rest] = given;
  if (!sql) throw errors.parameterMissing('sp_executesql', '@statement');
  for (const each of [sql, declarations]) {
    if (each && each.type.name !== 'nvarchar' && each.type.name !== 'nchar')
      throw new SqlError(214, "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.", { state: 2 });
  }
  await runBatchText(String(sql.value ?? ''), context, declaredVariables(String(declarations?.value ?? ''), rest));
  return 0;
};

/** The variables that a list of parameters declares, with what is given for them. Throws 8178 for one that is missing. */
export function declaredVariables(declarations: string, given: readonly CallArgument[]): Variables {
  const variables: Variables = new Map();
  if (declarations.trim() === '') return variables;
  const cursor = new TokenCursor(declarations, { quotedIdentifier: true });
  const declared = cursor.list(() => {
    const { kind, value: name } = cursor.take();
    if (kind !== 'variable') throw errors.syntax(name);
    cursor.skip('AS');
    return { name, type: parseType(cursor) };
  });
  if (!cursor.isAtEnd) throw cursor.wrong();
  for (const [index, { name, type }] of declared.entries()) {
    const found =
      given.find((each) => each.name?.toLowerCase() === name.toLowerCase()) ??
      (given[index]?.name === undefined ? given[index] : undefined);
    if (!found)
      throw new SqlError(8178, `The parameterized query '(${declarations})' expects the parameter '${name}', which was not supplied.`);
    variables.set(name.toLowerCase(), { type, value: converted(found.value, found.type, type) });
  }
  return variables;
}

const procedures: Readonly<Record<string, SystemProcedure>> = {
  sp_addextendedproperty: propertyProcedure('add'),
  sp_updateextendedproperty: propertyProcedure('update'),
  sp_dropextendedproperty: propertyProcedure('drop'),
  sp_getapplock: takeLock,
  sp_releaseapplock: releaseLock,
  sp_executesql: executeSql,
  sp_set_session_context: async () => 0,
};

/** A procedure of the system, with or without `sys.` before its name. */
export function findSystemProcedure(name: NameParts): SystemProcedure | undefined {
  const schema = name.at(-2)?.toLowerCase();
  const last = name.at(-1)?.toLowerCase() ?? '';
  return (schema === undefined || schema === 'sys') && Object.hasOwn(procedures, last) ? procedures[last] : undefined;
}
