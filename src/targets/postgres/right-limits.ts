import { ConnectionError } from '../../api/connection-error.ts';

/** Most rows that one look at the rights of one or more roles may return; rights are grouped, so that each row stands for any number of tables. */
export const maximumRightRows = 20_000;
/** Most objects named at a time; the next round names the next ones. */
export const maximumNamedObjects = 5_000;
/** Names that one query looks for: more of them take longer than several queries do (measured: 5,000 at once 9 s). */
export const maximumNames = 1_000;

/** What to say of a database whose rights are more than can be looked at. */
export function tooMany(database: string): ConnectionError {
  return new ConnectionError(
    'stalled',
    'TooManyObjects',
    `database ${database} has more than ${maximumRightRows} combinations of schema, owner and grantor, or more than ${maximumNamedObjects} objects of one owner with rights that others gave, or more than ${maximumRightRows} functions that grants name: it is too large to be looked after`,
  );
}
