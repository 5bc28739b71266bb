import { hostileNames } from '../target/hostile-names.ts';

/** Names that want to be statements or patterns, up to the longest that MySQL takes. */
export const hostileMysqlNames: readonly string[] = [
  ...hostileNames,
  "x'@'localhost",
  '`x`.`y`',
  'or\\_ders',
  '%',
  'Capital Letters and blanks',
  'n'.repeat(32),
];
