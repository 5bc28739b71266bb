import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { asType, type Compiled, compileValue } from '../expression.ts';
import { parseValue } from '../expression-parser.ts';
import { int } from '../sql-type.ts';
import { type NameParts, TokenCursor } from '../token-cursor.ts';

/** A call of a scalar function that somebody has made. Throws 4121-like 4104 when there is none, and 229. */
export function compileModuleCall(name: NameParts, given: readonly Compiled[], context: Context): Compiled {
  const found = context.findObject(name);
  if (found?.type !== 'FN' || !found.module) throw errors.unboundName(name.join('.'));
  context.requireOn(found, 'EXECUTE');
  const { parameters, body } = found.module;
  if (given.length !== parameters.length) throw errors.argumentCount(name.join('.'), parameters.length);
  const taken = given.map((each, index) => asType(each, parameters[index]?.type));
  const result = parseValue(new TokenCursor(body, { quotedIdentifier: true }));
  const type = result.kind === 'cast' ? result.type : int;
  return {
    type,
    value: (row) => {
      const variables = new Map(
        parameters.map((each, index) => [each.name.toLowerCase(), { type: each.type, value: taken[index]?.value(row) ?? null }]),
      );
      const inner = context.inside(found, { variables });
      return compileValue(result, { context: inner, columns: [], parent: undefined }).value({ values: [], parent: undefined });
    },
  };
}
