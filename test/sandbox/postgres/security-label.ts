import { labelCall } from './pgaadauth.ts';

const space = String.raw`(?:\s|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*`;
const quoted = '"(?:[^"]|"")+"';
const plain = "'(?:[^'\\\\]|'')*'";
const escaped = String.raw`E'(?:[^'\\]|''|\\.)*'`;
const bare = String.raw`[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*`;
const pattern = new RegExp(
  ['^', String.raw`SECURITY\b`, String.raw`LABEL\b`, `(?:FOR${space}(${quoted}|${plain}|${bare})${space})?ON\\b`]
    .concat(String.raw`ROLE\b`, `(${quoted}|${bare})`, 'IS', `(NULL|${plain}|${escaped})`, ';?', '$')
    .join(space),
  'is',
);
const roleWords: Readonly<Record<string, string>> = {
  current_user: 'current_user',
  current_role: 'current_user',
  session_user: 'session_user',
};

/**
 * The statement that does the work of a `SECURITY LABEL [FOR pgaadauth] ON ROLE …`; undefined for everything else, which is left to PostgreSQL.
 * Grammar: https://www.postgresql.org/docs/18/sql-security-label.html
 */
export function rewriteSecurityLabel(sql: string): string | undefined {
  const [, provider = 'pgaadauth', role = '', label = ''] = pattern.exec(sql) ?? [];
  if (role === '' || nameOf(provider) !== 'pgaadauth') return undefined;
  const call = labelCall(
    roleWords[role.toLowerCase()] ?? `(${literal(nameOf(role))}::pg_catalog.name)::pg_catalog.text`,
    `${label.startsWith("'") ? `E${label}` : label}::pg_catalog.text`,
  );
  return inBlock(`PERFORM ${call}`);
}

/** What an injected error says unless told otherwise. */
export const injectedText = 'fault injected by the sandbox';

/** A statement that fails with this SQLSTATE, wherever it is sent. */
export function failingStatement(code: string, text: string): string {
  return inBlock(`RAISE EXCEPTION USING ERRCODE = ${literal(code)}, MESSAGE = ${literal(text)}`);
}

/** DO, because it takes part in transactions, returns no rows, and may be prepared. */
function inBlock(statement: string): string {
  let tag = '$sandbox$';
  for (let n = 1; statement.includes(tag); n += 1) tag = `$sandbox${n}$`;
  return `DO ${tag} BEGIN ${statement}; END ${tag}`;
}

/** The name that an identifier or string stands for. */
function nameOf(token: string): string {
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll('""', '"');
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
  return token.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Means the same whatever standard_conforming_strings is. */
function literal(text: string): string {
  return `E'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", "''")}'`;
}
