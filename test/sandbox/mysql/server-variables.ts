import { escape as literal } from 'mysql2';

const showVariables = /^\s*SHOW\s+(?:(?:SESSION|LOCAL)\s+|(GLOBAL)\s+)?VARIABLES\s+(?:WHERE\s+(.*)|(LIKE\s.*))$/is;
const skipped = [String.raw`'(?:[^'\\]|''|\\.)*'`, String.raw`"(?:[^"\\]|""|\\.)*"`, '`(?:[^`]|``)*`', String.raw`/\*(?:[^*]|\*(?!/))*\*/`];
const tokens = new RegExp(String.raw`${skipped.join('|')}|(@@(?:global\s*\.\s*)?server_uuid\b)`, 'gis');

/**
 * The statement for an engine without the variable server_uuid, which every MySQL server has: there it reads as `uuid`. SHOW VARIABLES becomes a query of what
 * everybody may read, `@@server_uuid` a literal.
 */
export function withServerUuid(sql: string, uuid: string): string {
  if (!/variables|server_uuid/i.test(sql)) return sql;
  const [, global, condition, like] = showVariables.exec(sql) ?? [];
  if (condition !== undefined || like !== undefined) {
    const all = `SELECT LOWER(VARIABLE_NAME) AS Variable_name, VARIABLE_VALUE AS Value FROM information_schema.${global ? 'GLOBAL' : 'SESSION'}_VARIABLES`;
    return `SELECT Variable_name, Value FROM (${all} UNION ALL SELECT 'server_uuid', ${literal(uuid)}) AS v WHERE ${condition ?? `Variable_name ${like}`}`;
  }
  return sql.replace(tokens, (token, variable?: string) => (variable === undefined ? token : literal(uuid)));
}
