import type { Notice } from './wire/tokens.ts';

/** How far an error reaches: [U] as https://www.sommarskog.se/error_handling/Part2.html describes it. */
export type Reach = 'statement' | 'batch' | 'transaction' | 'session';

/** An error that the server answers with, by its number in sys.messages. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly number: number;
  readonly state: number;
  readonly class: number;
  readonly reach: Reach;

  constructor(
    number: number,
    message: string,
    { state = 1, severity = 16, reach = 'statement' }: { readonly state?: number; readonly severity?: number; readonly reach?: Reach } = {},
  ) {
    super(message);
    this.number = number;
    this.state = state;
    this.class = severity;
    this.reach = reach;
  }

  get notice(): Notice {
    return { number: this.number, state: this.state, class: this.class, message: this.message };
  }
}

const orPermission = 'because it does not exist or you do not have permission.';
const syntax = { severity: 15, reach: 'batch' } as const;

/** Texts as sys.messages has them: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors */
export const errors = {
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
  denied: (permission: string, object: string, database: string, schema: string) =>
    new SqlError(229, `The ${permission} permission was denied on the object '${object}', database '${database}', schema '${schema}'.`, {
      state: 5,
      severity: 14,
    }),
  deniedColumn: (permission: string, column: string, object: string, database: string, schema: string) =>
    new SqlError(
      230,
      `The ${permission} permission was denied on the column '${column}' of the object '${object}', database '${database}', schema '${schema}'.`,
      { severity: 14 },
    ),
  deniedInDatabase: (permission: string, database: string) =>
    new SqlError(262, `${permission} permission denied in database '${database}'.`, { severity: 14 }),
  notPermitted: () => new SqlError(15247, 'User does not have permission to perform this action.'),
  cannot: (verb: 'alter' | 'drop' | 'find' | 'add', what: string, name: string) =>
    new SqlError(15151, `Cannot ${verb} the ${what} '${name}', ${orPermission}`),
  cannotDrop: (what: string, name: string) =>
    new SqlError(3701, `Cannot drop the ${what} '${name}', because it does not exist or you do not have permission.`, {
      state: 5,
      severity: 11,
    }),
  fixed: (verb: 'alter' | 'drop', what: string, name: string) => new SqlError(15150, `Cannot ${verb} the ${what} '${name}'.`),
  specialPrincipal: (name: string) => new SqlError(15405, `Cannot use the special principal '${name}'.`),
  principalExists: (name: string) => new SqlError(15023, `User, group, or role '${name}' already exists in the current database.`),
  sidExists: () => new SqlError(15063, 'The login already has an account under a different user name.'),
  sidLength: () => new SqlError(15419, 'Supplied parameter sid should be binary(16).'),
  notResolved: (name: string) =>
    new SqlError(
      33134,
      `Principal '${name}' could not be resolved. Error message: 'Server identity is not configured. Please follow the steps in "Assign an Azure AD identity to your server and add Directory Reader permission to your identity" (https://aka.ms/sqlaadsetup)'`,
    ),
  invalidName: (name: string) => new SqlError(15006, `'${name}' is not a valid name because it contains invalid characters.`),
  objectExists: (name: string) =>
    new SqlError(2714, `There is already an object named '${name}' in the database.`, { state: 6, reach: 'batch' }),
  typeExists: (name: string) => new SqlError(219, `The type '${name}' already exists, or you do not have permission to create it.`),
  noSchema: (name: string) =>
    new SqlError(2760, `The specified schema name "${name}" either does not exist or you do not have permission to use it.`),
  schemaInUse: (schema: string, object: string) =>
    new SqlError(3729, `Cannot drop schema '${schema}' because it is being referenced by object '${object}'.`),
  typeInUse: (type: string, object: string) =>
    new SqlError(
      3732,
      `Cannot drop type '${type}' because it is being referenced by object '${object}'. There may be other objects that reference this type.`,
    ),
  duplicateColumn: (column: string, table: string) =>
    new SqlError(
      2705,
      `Column names in each table must be unique. Column name '${column}' in table '${table}' is specified more than once.`,
      {
        state: 3,
      },
    ),
  roleHasMembers: () => new SqlError(15144, 'The role has members. It must be empty before it can be dropped.'),
  ownsObjects: () => new SqlError(15183, 'The database principal owns objects in the database and cannot be dropped.'),
  ownsTypes: () => new SqlError(15184, 'The database principal owns data types in the database and cannot be dropped.'),
  ownsSchema: () => new SqlError(15138, 'The database principal owns a schema in the database, and cannot be dropped.'),
  ownsRole: () => new SqlError(15421, 'The database principal owns a database role and cannot be dropped.'),
  hasGranted: () =>
    new SqlError(15284, 'The database principal has granted or denied permissions to objects in the database and cannot be dropped.'),
  isContext: () =>
    new SqlError(
      15136,
      'The database principal is set as the execution context of one or more procedures, functions, or event notifications and cannot be dropped.',
    ),
  circularRole: () => new SqlError(15413, 'Cannot make a role a member of itself.'),
  publicMembers: () => new SqlError(15081, 'Membership of the public role cannot be changed.'),
  mayNotGrant: () => new SqlError(4613, 'Grantor does not have GRANT permission.'),
  specialGrantee: () => new SqlError(4617, 'Cannot grant, deny or revoke permissions to or from special roles.'),
  grantToOwner: () =>
    new SqlError(4624, 'Cannot grant, deny, or revoke permissions to sa, dbo, entity owner, information_schema, sys, or yourself.'),
  notOfClass: (permission: string) => new SqlError(4606, `Granted or revoked privilege ${permission} is not compatible with object.`),
  cascadeNeeded: () => new SqlError(4611, 'To revoke or deny grantable privileges, specify the CASCADE option.'),
  propertyExists: (name: string, of: string) =>
    new SqlError(15233, `Property cannot be added. Property '${name}' already exists for '${of}'.`),
  noProperty: (name: string, of: string) =>
    new SqlError(15217, `Property cannot be updated or deleted. Property '${name}' does not exist for '${of}'.`, { state: 2 }),
  noPropertyObject: (of: string) =>
    new SqlError(15135, `Object is invalid. Extended properties are not permitted on '${of}', or the object does not exist.`, { state: 8 }),
  parameterMissing: (procedure: string, parameter: string) =>
    new SqlError(201, `Procedure or function '${procedure}' expects parameter '${parameter}', which was not supplied.`, { state: 4 }),
  parameterUnknown: (parameter: string, procedure: string) =>
    new SqlError(8145, `${parameter} is not a parameter for procedure ${procedure}.`, { state: 2 }),
  tooManyArguments: (procedure: string) =>
    new SqlError(8144, `Procedure or function ${procedure} has too many arguments specified.`, { state: 2 }),
  noTransactionToCommit: () => new SqlError(3902, 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.'),
  noTransactionToRollBack: () => new SqlError(3903, 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.'),
  noSavepoint: (name: string) => new SqlError(6401, `Cannot roll back ${name}. No transaction or savepoint of that name was found.`),
  endedInTrigger: () => new SqlError(3609, 'The transaction ended in the trigger. The batch has been aborted.', { reach: 'batch' }),
  deadlock: (session: number) =>
    new SqlError(
      1205,
      `Transaction (Process ID ${session}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.`,
      { severity: 13, state: 51, reach: 'transaction' },
    ),
  lockTimeout: () => new SqlError(1222, 'Lock request time out period exceeded.', { state: 51 }),
  mayNotKill: () => new SqlError(6102, 'User does not have permission to use the KILL statement.', { severity: 14 }),
  killInTransaction: () => new SqlError(6115, 'KILL command cannot be used inside user transactions.'),
  killSelf: () => new SqlError(6104, 'Cannot use KILL to kill your own process.'),
  noSession: (id: number) => new SqlError(6106, `Process ID ${id} is not an active process ID.`, { state: 2 }),
  noSessionId: (id: number) => new SqlError(6101, `Session ID ${id} is not valid.`),
  killed: () =>
    new SqlError(596, 'Cannot continue the execution because the session is in the kill state.', { severity: 21, reach: 'session' }),
  otherDatabase: () =>
    new SqlError(
      40508,
      'USE statement is not supported to switch between databases. Use a new connection to connect to a different database.',
    ),
  noAccess: (principal: string, database: string) =>
    new SqlError(
      916,
      `The server principal "${principal}" is not able to access the database "${database}" under the current security context.`,
      { severity: 14, reach: 'batch' },
    ),
  noImpersonation: (user: string) =>
    new SqlError(
      15517,
      `Cannot execute as the database principal because the principal "${user}" does not exist, this type of principal cannot be impersonated, or you do not have permission.`,
      { reach: 'batch' },
    ),
  nestedTooDeep: () =>
    new SqlError(217, 'Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).', { reach: 'transaction' }),
};
