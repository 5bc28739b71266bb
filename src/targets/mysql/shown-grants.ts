import type { RightsOn } from './rights.ts';

const name = '`(?:[^`]|``)*`';
const pattern = new RegExp(`^GRANT ([A-Z, ]+) ON (PROCEDURE|FUNCTION) (${name})\\.(${name}) TO .*?( WITH GRANT OPTION)?$`, 's');

/** The right on a routine that a line of SHOW GRANTS tells of, or none. As whose work it came isn't told: it counts as the server's, which gives no more than the two. Pure. */
export function routineRightsIn(line: string): readonly RightsOn[] {
  const [, privileges, type, database, routine, withOption] = pattern.exec(line) ?? [];
  if (privileges === undefined || type === undefined || database === undefined || routine === undefined) return [];
  const on = { kind: 'routine', database: unquoted(database), type, name: unquoted(routine) } as const;
  const words = privileges.split(', ').filter((word) => word !== 'USAGE');
  return [{ on, privileges: words, grantOption: withOption !== undefined, automatic: true }];
}

function unquoted(identifier: string): string {
  return identifier.slice(1, -1).replaceAll('``', '`');
}
