import { ConnectionError } from '../api/connection-error.ts';
import type { ResourceId } from '../azure/resource-id.ts';
import type { Setup } from '../policy/setup.ts';
import type { ServerObservation } from './target.ts';

/** What a policy lets the operator change on a server so that it can log in there. */
export type ServerSetup = Pick<Setup, 'entraAuthentication' | 'entraAdministrator' | 'temporaryFirewallRule' | 'mysqlServerIdentityId'>;

/** Where no policy says otherwise. */
export const noSetup: ServerSetup = {
  entraAuthentication: 'Never',
  entraAdministrator: 'Never',
  temporaryFirewallRule: 'Never',
  mysqlServerIdentityId: undefined,
};

/** What keeps the operator from logging in to a server, and could be changed in Azure. */
export type ServerGap =
  | { readonly kind: 'entra-authentication' }
  | ({ readonly kind: 'administrator' } & AdministratorToBe)
  /** Of a server that can have but one. */
  | ({ readonly kind: 'other-administrator' } & AdministratorToBe)
  /** `address`: one public IPv4 address, which the server's refusal names. */
  | { readonly kind: 'firewall'; readonly address: string };

/** The operator as a server would have it for its administrator. */
export interface AdministratorToBe {
  /** The id by which the engine knows it: object id or client id. */
  readonly sid: string;
  /** The server's own identities, one of which must look administrators up in Entra; undefined for an engine that needs none for it. */
  readonly directoryReaders: readonly ResourceId[] | undefined;
}

/** A server as far as it can be seen without a login. */
export interface ClosedServer extends ServerObservation {
  readonly login: undefined;
  /** Whether another operation changes the server just now. */
  readonly isBusy: boolean;
}

/** The operator can't log in, and a set-up could change that. Where no policy allows it, this is the failure to show. */
export class SetupNeeded extends ConnectionError {
  readonly gap: ServerGap;
  readonly server: ClosedServer;

  constructor({ kind, reason, message, cause, retryAfterInMs }: ConnectionError, gap: ServerGap, server: ClosedServer) {
    super(kind, reason, message, { cause, retryAfterInMs });
    this.gap = gap;
    this.server = server;
  }
}
