import type { Step } from '../../api/step.ts';
import { printable } from '../finding.ts';
import type { Mark } from '../mark.ts';
import { parseClientId } from './client-id.ts';
import type { RoleName } from './rights.ts';
import type { Privilege, Securable } from './securable.ts';
import type { Sql } from './sql.ts';
import {
  allowLogin,
  createUser,
  drop,
  forbidLogin,
  grant,
  grantRole,
  revoke,
  revokeProxy,
  revokeRole,
  setDefaultRoles,
  setMark,
  trustIds,
} from './statements.ts';

/** What makes a user right. Ids are client ids. */
export type UserAction =
  | { readonly kind: 'create-user'; readonly userName: string; readonly clientId: string; readonly mark: Mark }
  /** Drops the user and makes it anew: MySQL can't bind one to another identity. */
  | { readonly kind: 'rebind'; readonly userName: string; readonly from: string | undefined; readonly to: string; readonly mark: Mark }
  | { readonly kind: 'mark'; readonly userName: string; readonly mark: Mark }
  /** Makes a user ours that somebody else made; always alone. */
  | { readonly kind: 'adopt-user'; readonly userName: string; readonly mark: Mark }
  /** Gives back what the user had in other databases before it was made anew. */
  | { readonly kind: 'restore-rights'; readonly userName: string; readonly grants: readonly KeptGrant[] }
  /** Gives up what of that can't be told apart from what somebody took meanwhile. */
  | { readonly kind: 'forget-rights'; readonly userName: string }
  /** Shuts a user out, with its sessions and events, that can't be made anew for its identity yet. */
  | { readonly kind: 'forbid-login'; readonly userName: string }
  /** Always the last: sessions from before are ended first. */
  | { readonly kind: 'allow-login'; readonly userName: string };

/** A right outside of the connection's database. */
export interface KeptGrant {
  readonly on: Securable;
  readonly privileges: readonly Privilege[];
  /** Whether it could be passed on, which is never given back. */
  readonly grantOption: boolean;
}

/** What makes a user's rights right. `narrows`: the user can do less afterwards, so that its sessions must end. */
export type GrantAction =
  | { readonly kind: 'grant'; readonly to: string; readonly privileges: readonly Privilege[]; readonly on: Securable }
  | {
      readonly kind: 'revoke';
      readonly from: string;
      readonly privileges: readonly Privilege[];
      readonly on: Securable;
      readonly narrows: boolean;
    }
  | { readonly kind: 'grant-role'; readonly to: string; readonly role: string }
  | { readonly kind: 'revoke-role'; readonly from: string; readonly role: RoleName }
  | { readonly kind: 'set-default-roles'; readonly to: string; readonly roles: readonly string[] }
  | { readonly kind: 'revoke-proxy'; readonly from: string; readonly proxied: RoleName };

export type UserStep = Step & UserAction;
export type GrantStep = Step & GrantAction;

const maximumSummaryLength = 1024;

export function userStep(action: UserAction): UserStep {
  return { ...action, stage: 'user', summary: shortened(`${userStatements(action).join('; ')}${remarkOn(action)}`.trim()) };
}

export function grantStep(action: GrantAction): GrantStep {
  return { ...action, stage: 'grants', summary: shortened(grantStatement(action)) };
}

/** The statements of a step, in their order. What they do to the user's notes and sessions stands between them. */
export function userStatements(action: UserAction): readonly Sql[] {
  const { userName } = action;
  switch (action.kind) {
    case 'create-user':
      return [trustIds, createUser(userName, parseClientId(action.clientId)), setMark(userName, action.mark)];
    case 'rebind':
      return [
        forbidLogin(userName),
        drop(userName),
        trustIds,
        createUser(userName, parseClientId(action.to)),
        setMark(userName, action.mark),
      ];
    case 'mark':
    case 'adopt-user':
      return [setMark(userName, action.mark)];
    case 'restore-rights':
      return action.grants.map(({ privileges, on }) => grant(privileges, on, userName));
    case 'forget-rights':
      return [];
    case 'forbid-login':
      return [forbidLogin(userName)];
    case 'allow-login':
      return [allowLogin(userName)];
    default:
      return action satisfies never;
  }
}

/** The statement of a step. */
export function grantStatement(action: GrantAction): Sql {
  switch (action.kind) {
    case 'grant':
      return grant(action.privileges, action.on, action.to);
    case 'revoke':
      return revoke(action.privileges, action.on, action.from);
    case 'grant-role':
      return grantRole(action.role, action.to);
    case 'revoke-role':
      return revokeRole(action.role, action.from);
    case 'set-default-roles':
      return setDefaultRoles(action.roles, action.to);
    case 'revoke-proxy':
      return revokeProxy(action.proxied, action.from);
    default:
      return action satisfies never;
  }
}

/** Whether the user can do less after a step, in sessions that it has open too only when they end (sql-playbook 9.4). */
export function narrows(action: GrantAction): boolean {
  return (action.kind === 'revoke' && action.narrows) || action.kind === 'revoke-role' || action.kind === 'revoke-proxy';
}

function remarkOn({ kind, userName }: UserAction): string {
  if (kind === 'forget-rights') return `(what ${userName} had in other databases is not given back any more)`;
  return kind === 'rebind' ? ' (the user loses all rights with this; they are granted anew in the same pass)' : '';
}

function shortened(text: string): string {
  const line = printable(text);
  return line.length <= maximumSummaryLength ? line : `${line.slice(0, maximumSummaryLength - 1)}…`;
}
