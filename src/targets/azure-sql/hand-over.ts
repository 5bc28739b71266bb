import type { Owned, Securable } from './securable.ts';
import type { Sql } from './sql.ts';
import { changeOwner, deny, grant, revoke } from './statements.ts';

/** What somebody was given or denied. */
export interface Permission {
  readonly permission: string;
  readonly on: Securable;
  /** `W`: granted, and may be passed on; `R`: a column, taken out of what was granted on its table. */
  readonly state: 'G' | 'W' | 'D' | 'R';
}

/** What a user owns, and what others were given on it: all that goes when somebody else comes to own it. */
export interface HandOver {
  readonly owned: readonly Owned[];
  readonly rights: readonly (Permission & { readonly grantee: string })[];
}

/** Hands everything to another owner. What others were given is lost until it is given again. */
export function handOverStatements({ owned }: Pick<HandOver, 'owned'>, to: string): readonly Sql[] {
  return owned.map((each) => changeOwner(each, to));
}

/** As `handOverStatements`, and gives again what others had: the new owner is its grantor then. */
export function handBackStatements({ owned, rights }: HandOver, to: string): readonly Sql[] {
  return [...handOverStatements({ owned }, to), ...rights.map(giveAgain)];
}

function giveAgain({ permission, on, state, grantee }: HandOver['rights'][number]): Sql {
  if (state === 'D') return deny([permission], on, grantee, { cascade: false });
  if (state === 'R') return revoke([permission], on, grantee, { grantor: undefined, cascade: true, optionOnly: false });
  return grant([permission], on, grantee, { canPassOn: state === 'W' });
}
