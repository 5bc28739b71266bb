import type { AccessToken, TokenCredential } from '@azure/identity';
import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Clock } from '../runtime/clock.ts';
import { unlessAborted } from '../runtime/serial.ts';
import { tokenFailure } from './token-errors.ts';

/** A token is replaced this long before it expires, so that a login begun with it also ends with it. */
const renewBeforeMs = 5 * 60_000;

/** The longest that Entra is waited for. */
const deadlineMs = 30_000;

/** The operator's token for databases of one scope, always fresh enough to log in with. */
export class DatabaseToken {
  readonly #newCredential: () => TokenCredential;
  readonly #scope: string;
  readonly #clock: Clock;
  #credential: TokenCredential;
  #current: AccessToken | undefined;
  #renewal: Promise<AccessToken> | undefined;

  /** `newCredential` makes a credential without a cache: the only way past a token that the library still believes in. */
  constructor(newCredential: () => TokenCredential, scope: string, clock: Clock) {
    this.#newCredential = newCredential;
    this.#credential = newCredential();
    this.#scope = scope;
    this.#clock = clock;
  }

  /**
   * A token that is good for some minutes yet. While Entra can't be reached, the one at hand as long as it is good at all.
   * Throws ConnectionError TokenRefused, or the signal's reason.
   */
  async get({ signal }: { readonly signal: AbortSignal }): Promise<string> {
    signal.throwIfAborted();
    const current = this.#current;
    const left = current ? current.expiresOnTimestamp - this.#clock.now() : 0;
    if (current && left > renewBeforeMs) return current.token;
    try {
      return (await unlessAborted(this.#renew(), signal)).token;
    } catch (error) {
      if (current && left > 0 && !signal.aborted) return current.token;
      throw error;
    }
  }

  /** A token other than the one that a server has just refused as expired; shared by all who were refused the same. Throws as `get` does. */
  async fresh(refused: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    signal.throwIfAborted();
    if (this.#current && this.#current.token !== refused) return this.get({ signal });
    if (!this.#renewal) this.#credential = this.#newCredential();
    return (await unlessAborted(this.#renew(), signal)).token;
  }

  /** The renewal under way, or a new one. It is nobody's own, so that no caller's end is the end of it. */
  #renew(): Promise<AccessToken> {
    this.#renewal ??= this.#ask().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #ask(): Promise<AccessToken> {
    const token = await this.#credential.getToken(this.#scope, { abortSignal: AbortSignal.timeout(deadlineMs) }).catch((error: unknown) => {
      throw tokenFailure(error);
    });
    if (!token) throw new ConnectionError('retry', reasons.TokenRefused, 'Entra gave no token and no error');
    this.#current = token;
    return token;
  }
}
