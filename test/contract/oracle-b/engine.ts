import type { TargetType } from '../../../src/api/spec.ts';
import type { AzureCalls } from '../../../src/azure/reads.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { Target } from '../../../src/targets/target.ts';
import type { UserNotes } from '../../../src/targets/user-notes.ts';
import type { Identity, Server } from '../../sandbox/azure/world.ts';
import type { Call } from './boundary.ts';
import type { Line } from './line.ts';

/** What a process of the operator gives its target. */
export interface TargetOptions {
  readonly calls: AzureCalls;
  /** Each call to the database goes by here. */
  readonly line: Line;
  readonly clock: Clock;
  /** What it remembers beside the server, kept in the ledger of the cluster. */
  readonly notes: UserNotes;
}

/** A real server of one engine that the oracle works on, with tables to be granted, as nobody but its superuser sees it. */
export interface Engine {
  readonly type: TargetType;
  /** With its version, for people. */
  readonly title: string;
  readonly server: Server;
  readonly database: string;
  /** The schemas that a connection names, where the engine has any. */
  readonly schemas: readonly string[] | undefined;
  /** The operator's own, and two for workloads. */
  readonly identities: { readonly operator: Identity; readonly first: Identity; readonly second: Identity };
  newTarget(options: TargetOptions): Target;
  /** All that catalogs hold of users, rights, owners and sessions, a line for each thing, in order. Holds no ids that differ between runs. */
  look(): Promise<readonly string[]>;
  /** A session of an application, which stays open until somebody ends it. */
  openSession(user: string): Promise<void>;
  /** Gives the user a table of its own, so that it can't be dropped. */
  giveTable(user: string): Promise<void>;
  /** Whether the user could log in with a token of this identity. */
  letsIn(user: string, identity: Identity): Promise<boolean>;
  /** Whether a line is about the shell of an ended user that owns something. */
  isOfShell(line: string): boolean;
  /** Whether a line may be another one from the moment on when this call was denied, because the operator has a second way for it. */
  hasSecondWay(line: string, denied: Call): boolean;
  /** Takes away all that runs left behind. */
  cleanUp(): Promise<void>;
  stop(): Promise<void>;
}
