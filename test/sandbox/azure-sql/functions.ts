import type { Context } from './context.ts';
import { errors } from './errors.ts';
import type { Compiled } from './expression.ts';
import { catalogFunctions } from './functions/of-catalog.ts';
import { sessionFunctions } from './functions/of-session.ts';
import { compileModuleCall } from './functions/of-users.ts';
import { valueFunctions } from './functions/of-values.ts';
import type { SqlType, SqlValue } from './sql-type.ts';
import type { Expression } from './syntax-tree.ts';

/** A function of T-SQL. */
export interface SqlFunction {
  /** How many arguments it takes at least and at most. */
  readonly takes: readonly [number, number];
  readonly type: SqlType | ((types: readonly (SqlType | undefined)[]) => SqlType);
  /** Whether NULL in, NULL out, which spares every function its own look. */
  readonly isStrict?: boolean;
  readonly run: (values: readonly SqlValue[], context: Context, types: readonly (SqlType | undefined)[]) => SqlValue;
}

const all: Readonly<Record<string, SqlFunction>> = { ...valueFunctions, ...sessionFunctions, ...catalogFunctions };

/** Binds a call. Throws 195 for a function that isn't served, 174 for the wrong number of arguments. */
export function compileCall({ name }: Extract<Expression, { kind: 'call' }>, given: readonly Compiled[], context: Context): Compiled {
  if (name.length > 1) return compileModuleCall(name, given, context);
  const called = (name[0] ?? '').toUpperCase();
  const found = Object.hasOwn(all, called) ? all[called] : undefined;
  if (!found) throw errors.unknownFunction(name[0] ?? '');
  const [least, most] = found.takes;
  if (given.length < least || given.length > most) throw errors.argumentCount((name[0] ?? '').toLowerCase(), least === most ? least : most);
  const types = given.map(({ type }) => type);
  const type = typeof found.type === 'function' ? found.type(types) : found.type;
  return {
    type,
    value: (row) => {
      const values = given.map(({ value }) => value(row));
      return found.isStrict && values.includes(null) ? null : found.run(values, context, types);
    },
  };
}
