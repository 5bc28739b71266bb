import { isConnectionError } from '../api/connection-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { unlessAborted } from '../runtime/serial.ts';
import type { Cancellable } from './target.ts';
import { Turnstile } from './turnstile.ts';

/** A login that can be used again. */
export interface ReusableSession {
  /** False once it is broken or closed. */
  readonly isUsable: boolean;
  /** Never throws. */
  close(): Promise<void>;
}

export interface SessionPoolOptions<Address, Session extends ReusableSession> {
  readonly open: (address: Address, options: Cancellable) => Promise<Session>;
  /** Addresses with the same key share a session. */
  readonly keyOf: (address: Address) => string;
  /** Whether two addresses are of one server. Where its firewall refuses one of them, kept sessions of the others are closed, because they would hide that. */
  readonly isSameServer?: (a: Address, b: Address) => boolean;
  /** How long an unused session stays open, in milliseconds. */
  readonly idleInMs: number;
  readonly clock: Clock;
}

interface Slot<Address, Session> {
  readonly address: Address;
  readonly turnstile: Turnstile;
  session: Session | undefined;
  /** Aborted when the session is used again before it was idle for too long. */
  idle: AbortController | undefined;
}

/** One session for each database, used by one caller at a time: that is also what keeps a database to one writer. */
export class SessionPool<Address, Session extends ReusableSession> {
  readonly #options: SessionPoolOptions<Address, Session>;
  readonly #slots = new Map<string, Slot<Address, Session>>();
  /** Called when a session has been closed for good. */
  readonly #watchers = new Set<() => void>();
  #isClosed = false;

  constructor(options: SessionPoolOptions<Address, Session>) {
    this.#options = options;
  }

  /**
   * Waits for its turn, opens a session where there is none, and gives it to `work` for as long as that takes. A session whose work failed isn't used again.
   * Throws what opening and `work` throw, and the signal's reason.
   */
  async use<T>(address: Address, work: (session: Session) => Promise<T>, { signal }: Cancellable): Promise<T> {
    const key = this.#options.keyOf(address);
    const slot = this.#slotOf(key, address);
    const leave = await slot.turnstile.enter({ signal });
    try {
      slot.idle?.abort();
      if (!slot.session?.isUsable) slot.session = await this.#open(address, { signal });
      return await work(slot.session);
    } catch (error) {
      // what failed may be the session's own fault: its user may have been dropped and made anew, say
      const { session } = slot;
      slot.session = undefined;
      await session?.close();
      throw error;
    } finally {
      this.#putBack(key, slot);
      leave();
    }
  }

  /** Returns at once where a session is open, also when it is in use; else opens one. Throws what opening throws, and the signal's reason. */
  async ensure(address: Address, { signal }: Cancellable): Promise<void> {
    if (this.#slots.get(this.#options.keyOf(address))?.session?.isUsable) return;
    await this.use(address, async () => {}, { signal });
  }

  /** Resolves when no session with such an address is open, used or waited for; at once where there is none. Rejects with the signal's reason. */
  async whenUnused(belongs: (address: Address) => boolean, { signal }: Cancellable): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (![...this.#slots.values()].some(({ address }) => belongs(address))) resolve();
    };
    this.#watchers.add(look);
    look();
    try {
      await unlessAborted(promise, signal);
    } finally {
      this.#watchers.delete(look);
    }
  }

  async #open(address: Address, { signal }: Cancellable): Promise<Session> {
    const { open, isSameServer } = this.#options;
    try {
      return await open(address, { signal });
    } catch (error) {
      if (isSameServer && isConnectionError(error) && error.reason === 'FirewallDenied')
        await this.#closeKept((each) => isSameServer(each, address));
      throw error;
    }
  }

  async #closeKept(belongs: (address: Address) => boolean): Promise<void> {
    const kept = [...this.#slots].filter(
      ([, { address, idle, turnstile }]) => idle !== undefined && turnstile.count === 0 && belongs(address),
    );
    for (const [key, { idle }] of kept) {
      idle?.abort();
      this.#slots.delete(key);
    }
    await Promise.all(kept.map(([, { session }]) => session?.close()));
    this.#tellWatchers();
  }

  /** Closes what is not in use, and the rest as soon as it is given back. Never throws. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const idle = [...this.#slots.values()].filter((slot) => slot.idle !== undefined);
    for (const slot of idle) slot.idle?.abort();
    await Promise.all(idle.map((slot) => slot.session?.close()));
  }

  #slotOf(key: string, address: Address): Slot<Address, Session> {
    const found = this.#slots.get(key);
    if (found) return found;
    const slot = { address, turnstile: new Turnstile(), session: undefined, idle: undefined };
    this.#slots.set(key, slot);
    return slot;
  }

  #putBack(key: string, slot: Slot<Address, Session>): void {
    slot.idle = undefined;
    const { session } = slot;
    if (session?.isUsable && !this.#isClosed) {
      slot.idle = new AbortController();
      void this.#closeWhenIdle(key, slot, session, slot.idle.signal);
      return;
    }
    slot.session = undefined;
    void session?.close();
    if (slot.turnstile.count === 1) this.#slots.delete(key);
    this.#tellWatchers();
  }

  async #closeWhenIdle(key: string, slot: Slot<Address, Session>, session: Session, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(this.#options.idleInMs, signal);
    } catch {
      return;
    }
    // somebody is about to take it
    if (signal.aborted || slot.turnstile.count > 0) return;
    this.#slots.delete(key);
    await session.close();
    this.#tellWatchers();
  }

  #tellWatchers(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
