import { SqlError } from '../sql-error.ts';

const orPermission = 'because it does not exist or you do not have permission.';

/** Of what users may do, and of what is in the catalog. */
export const securityErrors = {
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
};
