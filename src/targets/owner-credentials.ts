import type { SecretText } from '../runtime/secret-text.ts';
import type { Cancellable } from './target.ts';

/** A login with a password, as a Secret of the platform holds it. */
export interface OwnerCredentials {
  readonly kind: 'credentials';
  readonly userName: string;
  readonly password: SecretText;
  /** Another one whenever the Secret is changed. */
  readonly version: string;
}

/** Why a login can't be used, after "because". */
export interface Unusable {
  readonly kind: 'unusable';
  readonly why: string;
}

/** Reads a login from the Secret of this name, in the operator's own namespace. Throws when Kubernetes doesn't answer. */
export type ReadOwnerCredentials = (secretName: string, options: Cancellable) => Promise<OwnerCredentials | Unusable>;
