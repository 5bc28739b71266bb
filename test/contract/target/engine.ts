import type { AccessSpec, Profile, TargetType } from '../../../src/api/spec.ts';
import type { Target, TargetRequest } from '../../../src/targets/target.ts';

/** An identity of Entra that a workload may have. */
export interface WorkloadIdentity {
  readonly principalId: string;
  readonly clientId: string;
}

/** What an application tries at a table that has a column `id` of integers, or at a routine without arguments. */
export type Deed = 'read' | 'insert' | 'update' | 'delete' | 'create table' | 'drop table' | 'run';

/** A deed that a person can allow for one table or routine. */
export type Grantable = Exclude<Deed, 'create table' | 'drop table'>;

/** A session that an application opened with a token of its identity, through a driver as applications use it. */
export interface ApplicationSession {
  /** Does it, with the table or routine of this name. Answers false where the server says that it is not allowed, and rejects where it says anything else. */
  can(deed: Deed, name: string): Promise<boolean>;
  /** Whether the server still answers it. */
  isAlive(): Promise<boolean>;
  /** Begins a transaction and inserts into a table, without an end. */
  beginInsert(table: string): Promise<void>;
  /** Makes, under this name, something that goes on working in the user's name, or belongs to it: the server does not let such a user go. */
  ownSomething(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Somebody with the rights of a server's administrator, at one database. It does what people do by hand. */
export interface Administrator {
  /** Makes a table that the operator may grant on. Nothing happens where it is there. */
  createTable(name: string): Promise<void>;
  dropTable(name: string): Promise<void>;
  /** Makes a routine that nobody may run to whom it isn't granted. */
  createRoutine(name: string): Promise<void>;
  /** Whether a table of this name, or what `ownSomething` made, is there. */
  has(name: string): Promise<boolean>;
  /** Makes a user that has nothing to do with any connection. */
  createUser(name: string): Promise<void>;
  dropUser(name: string): Promise<void>;
  hasUser(name: string): Promise<boolean>;
  /** Keeps a user from logging in. */
  lockUser(name: string): Promise<void>;
  grant(deed: Grantable, name: string, user: string): Promise<void>;
  /** Takes away that by which a user may do it, whether it may do so with one table or with all of them. */
  revoke(deed: Grantable, name: string, user: string): Promise<void>;
  /** Makes a role, where it isn't there, that may read one table. The operator may grant it. */
  createRole(name: string, { reads }: { readonly reads: string }): Promise<void>;
  addToRole(role: string, user: string): Promise<void>;
}

/** Why an engine can't offer something; a scenario that needs it says so and ends. */
export interface PassedOver {
  readonly passedOver: string;
}

/** A fault that waits for a call of the target. Disposed of, it lets everything pass again. */
export interface Cut extends Disposable {
  /** Whether the target made so many calls. */
  readonly happened: boolean;
}

/** One server of an engine and the target that looks after it: all that the contract of targets asks for. */
export interface ContractEngine {
  readonly type: TargetType;
  /** With its version, for people. */
  readonly title: string;
  readonly target: Target;
  /** The schema of tables and routines, where the engine has any. */
  readonly schema: string | undefined;
  /** That of routines, where the engine doesn't let a routine be called as a table of the same schema. */
  readonly routineSchema?: string;
  /** Two for workloads, neither of which is an administrator's. */
  readonly identities: { readonly first: WorkloadIdentity; readonly second: WorkloadIdentity };
  /** The user with which the target logs in. */
  readonly operatorName: string;
  /** In characters that take one byte each. */
  readonly longestUserName: number;
  /** What each profile promises at tables that an administrator made, and at routines. */
  readonly promises: Readonly<Record<Exclude<Profile, 'Custom'>, readonly Deed[]>>;
  /** What becomes of a right that somebody gave whose grants the operator may not be able to undo. */
  readonly strangersGrants: 'revoked' | 'told';
  /** At the database of `request`. */
  readonly administrator: Administrator;
  /** A request for a database that is there, with profile ReadWrite, for the first identity. */
  request(overrides?: Partial<TargetRequest>): TargetRequest;
  /** A target of its own, as after a restart of the operator. */
  newTarget(): Target;
  /** Logs in as a workload does; undefined where the server refuses it. */
  signIn(user: string, identity: WorkloadIdentity, options?: { readonly database?: string }): Promise<ApplicationSession | undefined>;
  /** Gives the right by somebody else than the operator, as far as the engine tells them apart. */
  readonly grantAsStranger: Administrator['grant'] | PassedOver;
  /** Makes a database. */
  readonly createDatabase: ((name: string) => Promise<Administrator>) | PassedOver;
  /** Names that want to be statements, and that the engine takes for a user, a database, a table and a routine. */
  readonly hostileNames: readonly string[];
  /** Lays out in the database what an application can with all rights on it, in wait for whoever looks. Answers what it gained since. */
  readonly plantTraps: ((session: ApplicationSession) => Promise<Traps>) | PassedOver;
  /** Breaks the line once: at the target's `call`th call from now on, before it arrives or after it was carried out. */
  readonly cut: ((call: number, when: 'before' | 'after') => Cut) | PassedOver;
  /** Takes away what a scenario made, and closes its sessions. */
  cleanUp(): Promise<void>;
  stop(): Promise<void>;
}

export interface Traps {
  /** How many there are. */
  readonly count: number;
  gained(): Promise<readonly string[]>;
}

/** A grant as the spec of a connection has it, with the engine's schema. */
export function grantOn(
  { schema: ofTables, routineSchema = ofTables }: Pick<ContractEngine, 'schema' | 'routineSchema'>,
  objectType: 'Table' | 'Function',
  names: readonly string[],
  ...privileges: readonly string[]
): NonNullable<AccessSpec['grants']>[number] {
  const schema = objectType === 'Function' ? routineSchema : ofTables;
  return { objectType, ...(schema !== undefined && { schema }), names: [...names], privileges: [...privileges] };
}

/** Logs in where that must succeed. */
export async function signIn(
  engine: ContractEngine,
  { userName, identity, database }: Pick<TargetRequest, 'userName' | 'identity' | 'database'>,
): Promise<ApplicationSession> {
  const session = await engine.signIn(userName, identity, { database });
  if (!session) throw new Error(`the server does not let ${userName} in`);
  return session;
}

/** Whether an engine can't do what a scenario needs; says why. */
export function isPassedOver(offer: object): offer is PassedOver {
  if (!('passedOver' in offer)) return false;
  console.log(`      passed over: ${offer.passedOver}`);
  return true;
}
