import type { Step } from '../../api/step.ts';
import { printable } from '../finding.ts';
import type { Mark } from '../mark.ts';
import { parseObjectId } from './label.ts';
import type { Privilege, Securable } from './securable.ts';
import { quoteIdentifier, type Sql } from './sql.ts';
import {
  allowLogin,
  bind,
  clearPassword,
  createPrincipal,
  type FutureObjects,
  forbidLogin,
  grant,
  grantDefault,
  grantMembership,
  type RevocableAttribute,
  resetAttributes,
  resetSettings,
  revoke,
  revokeDefault,
  revokeMembership,
  setMark,
} from './statements.ts';

/** What makes a user right. Ids are principal ids. */
export type UserAction =
  | { readonly kind: 'create-user'; readonly userName: string; readonly principalId: string; readonly mark: Mark }
  | { readonly kind: 'rebind'; readonly userName: string; readonly from: string | undefined; readonly to: string }
  | { readonly kind: 'mark'; readonly userName: string; readonly mark: Mark }
  /** Makes a user ours that somebody else made; always alone. `replacesComment`: a comment stands where the mark goes. */
  | { readonly kind: 'adopt-user'; readonly userName: string; readonly mark: Mark; readonly replacesComment: boolean }
  | { readonly kind: 'reset-attributes'; readonly userName: string; readonly attributes: readonly RevocableAttribute[] }
  | { readonly kind: 'reset-settings'; readonly userName: string; readonly database: string | undefined }
  | { readonly kind: 'clear-password'; readonly userName: string }
  /** Always the last: sessions of whoever was bound before are ended first. */
  | { readonly kind: 'allow-login'; readonly userName: string };

/** A login that the policy gives for an owner for whom the operator itself can't act. */
export interface Through {
  readonly login: string;
  readonly owner: string;
}

/** What makes a user's rights right. `actFor`: the owner whose role the session must join for it; `through`: whose login sends it, instead of the operator. */
export type GrantAction =
  | {
      readonly kind: 'grant';
      readonly to: string;
      readonly privileges: readonly Privilege[];
      readonly on: readonly Securable[];
      readonly actFor: string | undefined;
      readonly through?: Through | undefined;
    }
  | {
      readonly kind: 'revoke';
      readonly from: string;
      readonly privileges: readonly Privilege[];
      readonly on: readonly Securable[];
      readonly cascade: boolean;
      readonly actFor: string | undefined;
      readonly through?: Through | undefined;
    }
  | {
      readonly kind: 'grant-default';
      readonly to: string;
      readonly privileges: readonly Privilege[];
      readonly future: FutureObjects;
      readonly actFor: string | undefined;
      readonly through?: Through | undefined;
    }
  | {
      readonly kind: 'revoke-default';
      readonly from: string;
      readonly privileges: readonly Privilege[];
      readonly future: FutureObjects;
      readonly cascade: boolean;
      readonly actFor: string | undefined;
      readonly through?: Through | undefined;
    }
  | { readonly kind: 'grant-membership'; readonly to: string; readonly role: string }
  | {
      readonly kind: 'revoke-membership';
      readonly from: string;
      readonly role: string;
      readonly grantor: string;
      readonly cascade: boolean;
    };

export type UserStep = Step & UserAction;
export type GrantStep = Step & GrantAction;

const maximumSummaryLength = 1024;

export function userStep(action: UserAction): UserStep {
  const statements = userStatements(action).map(withSemicolon).join(' ').slice(0, -1);
  const note = action.kind === 'adopt-user' && action.replacesComment ? ' (replaces the comment that is there)' : '';
  return { ...action, stage: 'user', summary: shortened(`${statements}${note}`) };
}

export function grantStep(action: GrantAction): GrantStep {
  return { ...action, stage: 'grants', summary: summaryOf(action) };
}

/** The statements of a step, to be sent one after the other in one transaction. */
export function userStatements(action: UserAction): readonly Sql[] {
  const { userName } = action;
  switch (action.kind) {
    case 'create-user':
      return [createPrincipal(userName, parseObjectId(action.principalId)), setMark(userName, action.mark), clearPassword(userName)];
    case 'rebind':
      // nobody gets in before the sessions of whoever was bound before have ended
      return [forbidLogin(userName), bind(userName, parseObjectId(action.to)), clearPassword(userName)];
    case 'mark':
    case 'adopt-user':
      return [setMark(userName, action.mark)];
    case 'reset-attributes':
      return [resetAttributes(userName, action.attributes)];
    case 'reset-settings':
      return [resetSettings(userName, action.database)];
    case 'clear-password':
      return [clearPassword(userName)];
    case 'allow-login':
      return [allowLogin(userName)];
    default:
      return action satisfies never;
  }
}

/** The statement of a step. `to`: of a grant, the users who get the same. Throws TypeError for several users of a step that isn't a grant. */
export function grantStatement(action: GrantAction, to: readonly string[] = [userOf(action)]): Sql {
  switch (action.kind) {
    case 'grant':
      return grant(action.privileges, action.on, to);
    case 'revoke':
      return revoke(action.privileges, action.on, action.from, action);
    case 'grant-default':
      return grantDefault(action.privileges, action.future, to);
    case 'revoke-default':
      return revokeDefault(action.privileges, action.future, action.from, action);
    case 'grant-membership':
      return grantMembership(action.role, to);
    case 'revoke-membership':
      return revokeMembership(action.role, action.from, action.grantor, action);
    default:
      return action satisfies never;
  }
}

/** Steps with the same text need one statement for all their users; undefined for steps that are for one user. */
export function sharedText(action: GrantAction): string | undefined {
  switch (action.kind) {
    case 'grant':
      return JSON.stringify([action.kind, action.privileges, action.actFor ?? null, action.on]);
    case 'grant-default':
      return JSON.stringify([action.kind, action.privileges, action.actFor ?? null, action.future]);
    case 'grant-membership':
      return JSON.stringify([action.kind, action.role]);
    default:
      return undefined;
  }
}

export function userOf(action: GrantAction): string {
  return 'to' in action ? action.to : action.from;
}

/** A step's statement, of a long list of objects only the first, and whose login sends it. */
function summaryOf(action: GrantAction): string {
  const through = 'through' in action ? action.through : undefined;
  return through === undefined ? textOf(action) : shortened(`${textOf(action)} (as ${through.login})`);
}

function textOf(action: GrantAction): string {
  const whole = grantStatement(action);
  if (whole.length <= maximumSummaryLength || !('on' in action)) return shortened(whole);
  const room = maximumSummaryLength - 40;
  let shown = 1;
  while (grantStatement({ ...action, on: action.on.slice(0, shown + 1) }).length <= room) shown += 1;
  return shortened(`${grantStatement({ ...action, on: action.on.slice(0, shown) })} … and ${action.on.length - shown} more`);
}

function shortened(text: string): string {
  const line = printable(text);
  return line.length <= maximumSummaryLength ? line : `${line.slice(0, maximumSummaryLength - 1)}…`;
}

function withSemicolon(statement: Sql): string {
  return `${statement};`;
}

/** A name as it stands in SQL, for messages. */
export function quoted(name: string): string {
  return quoteIdentifier(name);
}
