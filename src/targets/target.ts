import type { AccessSpec, ClientType, IdentityType, TargetType, WorkloadType } from '../api/spec.ts';
import type { StagePlan, Step } from '../api/step.ts';
import type { ResourceId } from '../azure/resource-id.ts';
import type { SecretText } from '../runtime/secret-text.ts';
import type { Mark } from './mark.ts';
import type { ServerSetup } from './setup-needed.ts';

/** The one database and user that a connection is about, with every name settled. Holds no secret. */
export interface TargetRequest {
  readonly serverId: ResourceId;
  readonly database: string;
  readonly userName: string;
  /** Whether a user of that name that somebody else made, bound to the same identity, may be taken over. */
  readonly adopt?: boolean;
  /** What the user's mark shall be. */
  readonly mark: Mark;
  /** The identity to bind; each engine takes the id that it binds by. */
  readonly identity: { readonly principalId: string; readonly clientId: string };
  readonly access: AccessSpec;
  /** Triggers that the policy declares harmless. */
  readonly knownTriggers: readonly string[];
  /** A Secret with the login of an owner of older objects, in the operator's own namespace, where the policy gives one. */
  readonly ownerCredentialsSecretName?: string | undefined;
  /** Whether the policy wants that not everybody may connect to the database. */
  readonly revokesPublicConnect?: boolean;
  /** What the policy lets the operator change on the server; nothing when left out. */
  readonly setup?: ServerSetup;
}

/** What ending an access needs to know; less than a TargetRequest, because identity and policy may be gone. */
export type EndingRequest = Pick<TargetRequest, 'serverId' | 'database' | 'userName' | 'mark'> &
  Partial<Pick<TargetRequest, 'knownTriggers' | 'ownerCredentialsSecretName' | 'setup'>> & {
    /** A role that takes over what the user owned, where the policy names one. */
    readonly retiredOwner?: string | undefined;
  };

/** A server as found in Azure. Engines add what they need. */
export interface ServerObservation {
  readonly serverId: ResourceId;
  /** fullyQualifiedDomainName, checked against the cloud's suffixes. */
  readonly host: string;
  /** Object and client ids of the server's Entra administrators, lower case: never to be bound to a user of a connection. */
  readonly administratorIds: readonly string[];
  /** The operator's user name at the server; undefined while it can't log in, so that only a set-up can go on with it. */
  readonly login: string | undefined;
}

/** A user as found in the database. Engines add what they need. */
export interface UserObservation {
  /** The database that the user lives in; undefined where a server as a whole knows its users. */
  readonly database?: string;
  /** What tells this server from every other one, whatever name it goes by. */
  readonly serverIdentifier: string;
  /** The mark that the user bears. */
  readonly mark: Mark | undefined;
  /** Whether the user is there but bound to another identity than the request's. */
  readonly boundElsewhere: boolean;
}

export interface Cancellable {
  readonly signal: AbortSignal;
}

export interface ApplyOptions extends Cancellable {
  /** Called before each step; throws when it is no longer permitted. */
  readonly beforeStep: (step: Step) => void;
}

/** How far the tidying of an ended user came. `shell`: locked and renamed, because it owns objects or something still names it. */
export type Tidied =
  /** `handedTo`: who owns now what the user owned. */
  | { readonly kind: 'gone'; readonly handedTo?: string }
  | { readonly kind: 'shell'; readonly userName: string; readonly why: string }
  | { readonly kind: 'not-ours' };

/** What the settings of a client are made of. */
export interface SettingsInput {
  readonly clientType: ClientType;
  readonly identityType: IdentityType;
  /** Where the client runs: it decides how a token is got there. */
  readonly workloadType: WorkloadType;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly userName: string;
  readonly clientId: string;
  readonly tenantId: string;
  /** Of a service principal, which has no settings without it. */
  readonly clientSecret?: SecretText;
  /** Put instead of the engine's own prefix, for example AZURE_POSTGRESQL. */
  readonly prefix: string | undefined;
}

/**
 * One database engine. `observe…` never writes; `plan…` and the names are pure; `apply`, `end` and `tidy` may be repeated at any point.
 * All throw ConnectionError with a reason for what a user can act on.
 */
export interface Target {
  readonly type: TargetType;
  /** The engine's own port: the operator always uses it. */
  readonly port: number;
  /** The user's name when the spec has none: aad_<namespace>_<name>, shortened with a hash where the engine allows less. */
  defaultUserName(namespace: string, name: string): string;
  /** Settings by name, escaped by the grammar of each value's format. */
  settings(input: SettingsInput): Readonly<Record<string, string>>;

  /**
   * Throws SetupNeeded where the operator can't log in and Azure could be set up for it.
   * `database`: where users live in databases, the one in which the operator is to log in, and to look with what was observed.
   */
  observeServer(
    request: Pick<TargetRequest, 'serverId'> & Partial<Pick<TargetRequest, 'database'>>,
    options: Cancellable,
  ): Promise<ServerObservation>;
  observeUser(request: TargetRequest, server: ServerObservation, options: Cancellable): Promise<UserObservation>;
  planUser(request: TargetRequest, user: UserObservation): StagePlan;
  observeGrants(request: TargetRequest, server: ServerObservation, user: UserObservation, options: Cancellable): Promise<unknown>;
  planGrants(request: TargetRequest, grants: unknown): StagePlan;
  /** Applies steps of one stage that this target planned. The caller observes again afterwards: no error is not success. */
  apply(steps: readonly Step[], request: TargetRequest, server: ServerObservation, options: ApplyOptions): Promise<void>;

  /**
   * The users that bear a live mark of this cluster, with what ending them needs to know. `database` is where the operator looks at users: which one their
   * connection was about isn't in the mark. Where users live in databases, only those of the database with which the server was observed; DatabaseNotFound and DatabasePaused are
   * thrown of that one then. Never writes, and answers a bounded number.
   */
  listMarked(server: ServerObservation, options: Cancellable): Promise<readonly EndingRequest[]>;
  /** The server's identifier, as `observeUser` tells it too. */
  identify(server: ServerObservation, options: Cancellable): Promise<string>;
  /** Takes the login away and ends the sessions; needs no lock on the user's objects. `absent`: no such user; `not-ours`: another's mark, nothing done. */
  end(request: EndingRequest, server: ServerObservation, options: Cancellable): Promise<'ended' | 'absent' | 'not-ours'>;
  /** Says in the user's mark that nobody looks after it any more, and leaves its login and rights as they are. */
  release(request: EndingRequest, server: ServerObservation, options: Cancellable): Promise<'released' | 'absent' | 'not-ours'>;
  /** Takes away the rights and drops the user, or leaves a locked shell that keeps owning its objects. Only after `end`; may fail and be repeated. */
  tidy(request: EndingRequest, server: ServerObservation, options: Cancellable): Promise<Tidied>;
  /** Resolves when no session at this server is open or asked for; at once where there is none. Rejects with the signal's reason. */
  whenUnused(server: Pick<ServerObservation, 'host'>, options: Cancellable): Promise<void>;
  /** Closes the sessions kept for reuse. Never throws. */
  close(): Promise<void>;
}
