/** A statement that only Azure's MySQL knows. Names are as they were written, quotes included. */
export type AadStatement =
  | {
      readonly kind: 'create user';
      readonly ifNotExists: boolean;
      /** The user's name in the engine: the alias where there is one. */
      readonly name: string;
      readonly host: string;
      /** What Entra is asked for when there is no id. */
      readonly principal: string;
      readonly id: string | undefined;
    }
  | { readonly kind: 'validate ids'; readonly on: boolean };

const space = String.raw`(?:\s|#[^\n]*(?:\n|$)|--\s[^\n]*(?:\n|$)|/\*(?!!)(?:[^*]|\*(?!/))*\*/)`;
const quoted = String.raw`'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"`;
const name = `${quoted}|${'`(?:[^`]|``)+`'}|${String.raw`[\w$\u0080-\uffff]+`}`;
const create = new RegExp(
  `^${space}*CREATE${space}+AADUSER${space}+(IF${space}+NOT${space}+EXISTS${space}+)?(${name})(?:@(${name}))?` +
    `(?:${space}+IDENTIFIED${space}+BY${space}+(${quoted}))?(?:${space}+AS${space}+(${name}))?${space}*;?${space}*$`,
  'is',
);
const validate = new RegExp(
  `^${space}*SET${space}+(?:SESSION${space}+|LOCAL${space}+|@@(?:SESSION\\.|LOCAL\\.)?)?aad_auth_validate_oids_in_tenant` +
    `${space}*:?=${space}*'?(ON|OFF|TRUE|FALSE|0|1)'?${space}*;?${space}*$`,
  'is',
);

/**
 * Reads `CREATE AADUSER` and `SET aad_auth_validate_oids_in_tenant`; undefined for everything else, which is left to the engine.
 * Grammar: azure-databases-docs articles/mysql/flexible-server/security-how-to-entra.md; IF NOT EXISTS and @host as terraform-provider-mysql sends them.
 */
export function readAadStatement(sql: string): AadStatement | undefined {
  const setting = validate.exec(sql)?.[1];
  if (setting !== undefined) return { kind: 'validate ids', on: /^(on|true|1)$/i.test(setting) };
  const [found, ifNotExists, principal = '', host = "'%'", id, alias] = create.exec(sql) ?? [];
  if (found === undefined) return undefined;
  return {
    kind: 'create user',
    ifNotExists: ifNotExists !== undefined,
    name: alias ?? principal,
    host,
    principal: nameOf(principal),
    id: id === undefined ? undefined : nameOf(id),
  };
}

/** The name that a string or identifier stands for where backslashes escape, which they do unless sql_mode says otherwise. */
export function nameOf(token: string): string {
  const quote = token[0] ?? '';
  if (!'\'"`'.includes(quote)) return token;
  const inner = token.slice(1, -1).replaceAll(quote + quote, quote);
  return quote === '`' ? inner : inner.replace(/\\(.)/gs, '$1');
}
