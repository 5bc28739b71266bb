const name = String.raw`(?:'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|${'`(?:[^`]|``)*`'}|[\w$]+)`;
const setDefaultRole = new RegExp(String.raw`^(\s*SET\s+DEFAULT\s+ROLE\s+${name})\s+TO\s+(${name}(?:@${name})?\s*)$`, 'is');

/** `SET DEFAULT ROLE … TO` in the words of MariaDB, where a user can have but one default role: a list is left for the engine to refuse. */
export function withDefaultRoleFor(sql: string): string {
  return sql.replace(setDefaultRole, '$1 FOR $2');
}
