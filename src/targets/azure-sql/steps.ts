import type { Step } from '../../api/step.ts';
import { printable } from '../finding.ts';
import type { Mark } from '../mark.ts';
import { type HandOver, handBackStatements, handOverStatements } from './hand-over.ts';
import type { Securable } from './securable.ts';
import { quoteIdentifier, type Sql } from './sql.ts';
import {
  addMember,
  createShell,
  createUser,
  dropMember,
  dropUser,
  grant,
  grantConnect,
  revoke,
  revokeConnect,
  setDefaultSchema,
  setMark,
} from './statements.ts';

/** What makes a user right. Ids are client ids. */
export type UserAction =
  | { readonly kind: 'create-user'; readonly userName: string; readonly clientId: string; readonly mark: Mark }
  /**
   * Drops the user and makes it anew. What it owns a stand-in owns meanwhile; what others were given on that, and what the user is promised, is given again.
   */
  | {
      readonly kind: 'rebind';
      readonly userName: string;
      readonly from: string | undefined;
      readonly to: string;
      readonly mark: Mark;
      readonly standIn: string;
      /** Kept where it isn't the one that every user has. */
      readonly defaultSchema: string | undefined;
      readonly handOver: HandOver;
      readonly grants: readonly GrantAction[];
    }
  | { readonly kind: 'mark'; readonly userName: string; readonly mark: Mark }
  /** Makes a user ours that somebody else made; always alone. `replacesProperty`: another text stands where the mark goes. */
  | { readonly kind: 'adopt-user'; readonly userName: string; readonly mark: Mark; readonly replacesProperty: boolean }
  /** `lockedBy`: who denied it; undefined for dbo. */
  | {
      readonly kind: 'allow-login';
      readonly userName: string;
      readonly database: string;
      readonly lockedBy: readonly (string | undefined)[];
    };

/** What makes a user's rights right. */
export type GrantAction =
  | { readonly kind: 'grant'; readonly to: string; readonly permissions: readonly string[]; readonly on: Securable }
  | {
      readonly kind: 'revoke';
      readonly from: string;
      readonly permissions: readonly string[];
      readonly on: Securable;
      /** Undefined for dbo. */
      readonly grantor: string | undefined;
      readonly cascade: boolean;
      readonly optionOnly: boolean;
    }
  | { readonly kind: 'grant-membership'; readonly to: string; readonly role: string }
  | { readonly kind: 'revoke-membership'; readonly from: string; readonly role: string };

export type UserStep = Step & UserAction;
export type GrantStep = Step & GrantAction;

const maximumSummaryLength = 1024;

export function userStep(action: UserAction): UserStep {
  // what others have on the user's things is theirs to know
  const told = action.kind === 'rebind' ? { ...action, handOver: { ...action.handOver, rights: [] } } : action;
  const statements = userStatements(told).join('; ');
  const note = action.kind === 'adopt-user' && action.replacesProperty ? ' (replaces the property that is there)' : '';
  return { ...action, stage: 'user', summary: shortened(`${statements}${note}`) };
}

export function grantStep(action: GrantAction): GrantStep {
  return { ...action, stage: 'grants', summary: shortened(grantStatement(action)) };
}

/** The statements of a step, to be sent one after the other in one transaction. */
export function userStatements(action: UserAction): readonly Sql[] {
  const { userName } = action;
  switch (action.kind) {
    case 'create-user':
      return [createUser(userName, action.clientId), setMark(userName, action.mark, { isThere: false })];
    case 'rebind':
      return rebindStatements(action);
    case 'mark':
      return [setMark(userName, action.mark, { isThere: true })];
    case 'adopt-user':
      return [setMark(userName, action.mark, { isThere: action.replacesProperty })];
    case 'allow-login':
      return [...action.lockedBy.map((by) => revokeConnect(action.database, userName, by)), grantConnect(action.database, userName)];
    default:
      return action satisfies never;
  }
}

function rebindStatements({
  userName,
  to,
  mark,
  standIn,
  defaultSchema,
  handOver,
  grants,
}: Extract<UserAction, { kind: 'rebind' }>): readonly Sql[] {
  const owns = handOver.owned.length > 0;
  return [
    ...(owns ? [createShell(standIn), ...handOverStatements(handOver, standIn)] : []),
    dropUser(userName),
    createUser(userName, to),
    setMark(userName, mark, { isThere: false }),
    ...(defaultSchema === undefined ? [] : [setDefaultSchema(userName, defaultSchema)]),
    ...(owns ? [...handBackStatements(handOver, userName), dropUser(standIn)] : []),
    ...grants.map(grantStatement),
  ];
}

/** The statement of a step. */
export function grantStatement(action: GrantAction): Sql {
  switch (action.kind) {
    case 'grant':
      return grant(action.permissions, action.on, action.to);
    case 'revoke':
      return revoke(action.permissions, action.on, action.from, action);
    case 'grant-membership':
      return addMember(action.role, action.to);
    case 'revoke-membership':
      return dropMember(action.role, action.from);
    default:
      return action satisfies never;
  }
}

function shortened(text: string): string {
  const line = printable(text);
  return line.length <= maximumSummaryLength ? line : `${line.slice(0, maximumSummaryLength - 1)}…`;
}

/** A name as it stands in SQL, for messages. */
export function quoted(name: string): string {
  return quoteIdentifier(name);
}
