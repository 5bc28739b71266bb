import { SqlError } from '../sql-error.ts';

const syntax = { severity: 15, reach: 'batch' } as const;

/** Of what a batch says, and of its values. */
export const languageErrors = {
  syntax: (near: string) => new SqlError(102, `Incorrect syntax near '${near}'.`, syntax),
  keyword: (word: string) => new SqlError(156, `Incorrect syntax near the keyword '${word}'.`, syntax),
  unclosedQuote: (text: string) => new SqlError(105, `Unclosed quotation mark after the character string '${text}'.`, syntax),
  missingEnd: () => new SqlError(113, "Missing end comment mark '*/'.", syntax),
  emptyName: () =>
    new SqlError(
      1038,
      'An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as "" or [] are not allowed. Change the alias to a valid name.',
      { ...syntax, state: 4 },
    ),
  nameTooLong: (name: string) =>
    new SqlError(103, `The identifier that starts with '${name.slice(0, 128)}' is too long. Maximum length is 128.`, {
      ...syntax,
      state: 4,
    }),
  notFirst: (what: string) => new SqlError(111, `'${what}' must be the first statement in a query batch.`, syntax),
  undeclared: (name: string) => new SqlError(137, `Must declare the scalar variable "${name}".`, { ...syntax, state: 2 }),
  notACondition: (near: string) =>
    new SqlError(4145, `An expression of non-boolean type specified in a context where a condition is expected, near '${near}'.`, syntax),
  unknownFunction: (name: string) => new SqlError(195, `'${name}' is not a recognized built-in function name.`, { ...syntax, state: 10 }),
  argumentCount: (name: string, count: number) => new SqlError(174, `The ${name} function requires ${count} argument(s).`, syntax),
  unknownObject: (name: string) => new SqlError(208, `Invalid object name '${name}'.`, { reach: 'batch' }),
  unknownColumn: (name: string) => new SqlError(207, `Invalid column name '${name}'.`, { reach: 'batch' }),
  ambiguousColumn: (name: string) => new SqlError(209, `Ambiguous column name '${name}'.`, { reach: 'batch' }),
  unboundName: (name: string) => new SqlError(4104, `The multi-part identifier "${name}" could not be bound.`, { reach: 'batch' }),
  noProcedure: (name: string) => new SqlError(2812, `Could not find stored procedure '${name}'.`, { state: 62 }),
  unknownType: (name: string) =>
    new SqlError(2715, `Column, parameter, or variable #1: Cannot find data type ${name}.`, { state: 6, reach: 'batch' }),
  clash: (left: string, right: string) =>
    new SqlError(206, `Operand type clash: ${left} is incompatible with ${right}`, { state: 2, reach: 'batch' }),
  notImplicit: (from: string, to: string) =>
    new SqlError(257, `Implicit conversion from data type ${from} to ${to} is not allowed. Use the CONVERT function to run this query.`, {
      state: 3,
      reach: 'batch',
    }),
  notConverted: (from: string, value: string, to: string) =>
    new SqlError(245, `Conversion failed when converting the ${from} value '${value}' to data type ${to}.`, { reach: 'transaction' }),
  noGuid: () =>
    new SqlError(8169, 'Conversion failed when converting from a character string to uniqueidentifier.', {
      state: 2,
      reach: 'transaction',
    }),
  overflow: (type: string) => new SqlError(8115, `Arithmetic overflow error converting expression to data type ${type}.`, { state: 2 }),
  divisionByZero: () => new SqlError(8134, 'Divide by zero error encountered.'),
  truncated: (table: string, column: string, value: string) =>
    new SqlError(2628, `String or binary data would be truncated in table '${table}', column '${column}'. Truncated value: '${value}'.`),
  notGrouped: (column: string, list: 'select list' | 'HAVING clause' | 'ORDER BY clause') =>
    new SqlError(
      8120,
      `Column '${column}' is invalid in the ${list} because it is not contained in either an aggregate function or the GROUP BY clause.`,
      { reach: 'batch' },
    ),
  subqueryColumns: () =>
    new SqlError(116, 'Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.', {
      reach: 'batch',
    }),
  subqueryRows: () =>
    new SqlError(
      512,
      'Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.',
    ),
  unionColumns: () =>
    new SqlError(
      205,
      'All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.',
      { reach: 'batch' },
    ),
  aliasColumns: (alias: string, hasMore: boolean) =>
    new SqlError(hasMore ? 8158 : 8159, `'${alias}' has ${hasMore ? 'more' : 'fewer'} columns than were specified in the column list.`, {
      reach: 'batch',
    }),
  valuesLength: () =>
    new SqlError(10709, 'The number of columns for each row in a table value constructor must be the same.', {
      severity: 15,
      reach: 'batch',
    }),
  fewerValues: () =>
    new SqlError(
      110,
      'There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.',
      syntax,
    ),
  moreColumns: () =>
    new SqlError(
      109,
      'There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.',
      syntax,
    ),
  columnCount: () => new SqlError(213, 'Column name or number of supplied values does not match table definition.', { reach: 'batch' }),
  noNull: (column: string, table: string, what: 'INSERT' | 'UPDATE') =>
    new SqlError(
      515,
      `Cannot insert the value NULL into column '${column}', table '${table}'; column does not allow nulls. ${what} fails.`,
      {
        state: 2,
      },
    ),
  duplicateKey: (constraint: string, table: string, values: string) =>
    new SqlError(
      2627,
      `Violation of PRIMARY KEY constraint '${constraint}'. Cannot insert duplicate key in object '${table}'. The duplicate key value is (${values}).`,
      { severity: 14 },
    ),
  identityInsert: (table: string) =>
    new SqlError(544, `Cannot insert explicit value for identity column in table '${table}' when IDENTITY_INSERT is set to OFF.`),
};
