import { runStatements } from './batch.ts';
import type { Module, SqlObject } from './catalog-records.ts';
import type { Context, Variables } from './context.ts';
import { errors } from './errors.ts';
import { asType } from './expression.ts';
import { parseBatch } from './statement-shapes.ts';
import { ModuleReturn } from './statements/flow.ts';
import { TokenCursor } from './token-cursor.ts';
import type { TypedValue } from './wire/type-decoder.ts';

/** EXECUTE AS OWNER in sys.sql_modules. */
export const asOwner = -2;

/** An argument of a call; `name` with its @, or undefined when it goes by its place. */
export interface CallArgument extends TypedValue {
  readonly name: string | undefined;
}

/** Whom a module runs as; undefined for its caller. */
export function principalOfModule({ executeAs }: Module, object: SqlObject | undefined, { catalog }: Context): number | undefined {
  if (executeAs !== asOwner) return executeAs ?? undefined;
  return object ? catalog.ownerOfObject(object) : undefined;
}

/** Runs a procedure that somebody has made, and gives what it returns. Throws 229, 201, 8144, 8145 and what its statements throw. */
export async function runProcedure(procedure: SqlObject, given: readonly CallArgument[], context: Context): Promise<number> {
  const { module } = procedure;
  if (procedure.type !== 'P' || !module) throw errors.noProcedure(procedure.name);
  context.requireOn(procedure, 'EXECUTE');
  const variables = variablesOf(procedure.name, module, given);
  const principal = principalOfModule(module, procedure, context);
  const inner = context.inside(procedure, { variables, ...(principal !== undefined && { principal }) });
  try {
    await runStatements(parseBatch(new TokenCursor(module.body, { quotedIdentifier: true })), inner);
  } catch (error) {
    if (!(error instanceof ModuleReturn)) throw error;
    return error.value;
  }
  return 0;
}

function variablesOf(name: string, { parameters }: Module, given: readonly CallArgument[]): Variables {
  const unknown = given.find((each) => each.name !== undefined && !parameters.some((parameter) => isNamed(each, parameter.name)));
  if (unknown) throw errors.parameterUnknown(unknown.name ?? '', name);
  if (given.length > parameters.length) throw errors.tooManyArguments(name);
  return new Map(
    parameters.map((parameter, index) => {
      const found = given.find((each) => isNamed(each, parameter.name)) ?? (given[index]?.name === undefined ? given[index] : undefined);
      if (!found && parameter.fallback === undefined) throw errors.parameterMissing(name, parameter.name);
      const value = found
        ? asType({ type: found.type, value: () => found.value }, parameter.type).value({ values: [], parent: undefined })
        : (parameter.fallback ?? null);
      return [parameter.name.toLowerCase(), { type: parameter.type, value }];
    }),
  );
}

function isNamed({ name }: CallArgument, parameter: string): boolean {
  return name?.toLowerCase() === parameter.toLowerCase();
}
