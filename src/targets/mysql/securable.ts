import { privilegeWord, quoteIdentifier, type Sql, sql, sqlList } from './sql.ts';

/** A privilege by the name that GRANT knows it by, in capitals. Which there are is up to the server. */
export type Privilege = string;

/** Something privileges are granted on. `pattern` is what mysql.db keeps of a database, wildcards and backslashes included; the other names are plain. */
export type Securable =
  | { readonly kind: 'server' }
  | { readonly kind: 'database'; readonly pattern: string }
  | { readonly kind: 'table'; readonly database: string; readonly name: string }
  | { readonly kind: 'column'; readonly database: string; readonly table: string; readonly name: string }
  | { readonly kind: 'routine'; readonly database: string; readonly type: RoutineType; readonly name: string };

/** FUNCTION or PROCEDURE; newer servers have more. */
export type RoutineType = string;

/** The right to pass privileges on. It is taken away, and never given. */
export const grantOption = 'GRANT OPTION';

/** `<privileges> ON <object>`. Throws TypeError for what can't be the name of a privilege. */
export function privilegesOn(names: readonly Privilege[], on: Securable): Sql {
  const words = names.map(privilegeWord);
  switch (on.kind) {
    case 'server':
      return sql`${sqlList(words)} ON *.*`;
    case 'database':
      return sql`${sqlList(words)} ON ${quoteIdentifier(on.pattern)}.*`;
    case 'table':
      return sql`${sqlList(words)} ON TABLE ${quoteIdentifier(on.database)}.${quoteIdentifier(on.name)}`;
    case 'column': {
      const column = sql`(${quoteIdentifier(on.name)})`;
      const withColumn = sqlList(words.map((word) => sql`${word} ${column}`));
      return sql`${withColumn} ON TABLE ${quoteIdentifier(on.database)}.${quoteIdentifier(on.table)}`;
    }
    case 'routine':
      return sql`${sqlList(words)} ON ${privilegeWord(on.type)} ${quoteIdentifier(on.database)}.${quoteIdentifier(on.name)}`;
    default:
      return on satisfies never;
  }
}
