import { hostileNames } from '../target/hostile-names.ts';

/** Names that want to be statements, up to the longest that PostgreSQL takes. */
export const hostilePostgresNames: readonly string[] = [
  ...hostileNames,
  '\u{1F600} by right',
  'Capital Letters and blanks ',
  'n'.repeat(63),
];
