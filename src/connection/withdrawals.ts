import { ready } from '../api/conditions.ts';
import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { releaseWithdrawalsAnnotation } from '../api/names.ts';
import type { ConnectionPolicy } from '../api/policy.generated.ts';
import type { Reason } from '../api/reasons.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Store } from '../runtime/store.ts';

/** What becomes of a connection's access when no policy allows it any more. */
export type OnWithdrawal = 'disable' | 'delete' | 'keep';

/** Where the withdrawal of a connection stands. Times in milliseconds since 1970. */
export type Withdrawal =
  /** The grace period runs, or policies are listed anew to be sure. */
  | { readonly kind: 'waiting'; readonly endsAt: number; readonly lookAgainInMs: number }
  /** Too many lost their policy at once: that is a mistake sooner than a wish. */
  | { readonly kind: 'braked'; readonly pending: number; readonly lookAgainInMs: number }
  /** The access is to end now. */
  | { readonly kind: 'due' };

export interface WithdrawalOptions {
  readonly clock: Clock;
  readonly graceInMs: number;
  /** More than this many at once are not carried out. */
  readonly maximum: number;
  readonly policies: Pick<Store<ConnectionPolicy>, 'list' | 'completeLists'>;
  readonly connections: Pick<Store<PasswordlessConnection>, 'list'>;
  /** Asks for one more complete list of policies, soon. */
  readonly relist: () => void;
}

/** Two lists, because one could be of an API server that lags behind. */
const listsNeeded = 2;
const listAgainInMs = 5_000;
const brakedLookInMs = 60_000;

interface Pending {
  readonly endsAt: number;
  /**
   * Whether it lost its policy now and by no doing of its own. One that ended before a restart is ended once more, which changes nothing; one whose spec was edited into something that
   * no policy allows is no sign of a mistake with policies, and must not hold up the others.
   */
  readonly isLoss: boolean;
  /** How many complete lists there had been when the grace was over. */
  listsBefore: number | undefined;
  /** How many there were when the last one was asked for. */
  askedAt: number;
}

/**
 * The connections that lost their policy. A lost policy counts only after a grace period and two complete lists of policies made after it, so that neither a
 * mistake that is soon mended nor a failing API server ends anybody's access (threat-model M6).
 */
export class Withdrawals {
  readonly #options: WithdrawalOptions;
  readonly #pending = new Map<string, Pending>();
  /** The generation of each connection that a policy allowed last. */
  readonly #permitted = new Map<string, number>();

  constructor(options: WithdrawalOptions) {
    this.#options = options;
  }

  /** Where the withdrawal of a connection that no policy allows stands now. */
  consider(connection: PasswordlessConnection): Withdrawal {
    const { clock } = this.#options;
    const pending = this.#pendingOf(connection);
    const left = pending.endsAt - clock.now();
    if (left > 0) return { kind: 'waiting', endsAt: pending.endsAt, lookAgainInMs: left };
    if (!this.#isConfirmed(pending)) return { kind: 'waiting', endsAt: pending.endsAt, lookAgainInMs: listAgainInMs };
    const lost = this.#countLost();
    if (pending.isLoss && lost > this.#options.maximum && !areWithdrawalsReleased(this.#options.policies))
      return { kind: 'braked', pending: lost, lookAgainInMs: brakedLookInMs };
    return { kind: 'due' };
  }

  /** A policy allows the connection. */
  permitted({ metadata }: PasswordlessConnection): void {
    this.#pending.delete(metadata.uid);
    this.#permitted.set(metadata.uid, metadata.generation);
  }

  /** Its access has ended, or it is gone. */
  forget(uid: string): void {
    this.#pending.delete(uid);
    this.#permitted.delete(uid);
  }

  /** The time in status only brings the end nearer, after a restart; nobody can put it off by writing there. */
  #pendingOf(connection: PasswordlessConnection): Pending {
    const known = this.#pending.get(connection.metadata.uid);
    if (known) return known;
    const { clock, graceInMs } = this.#options;
    const told = Date.parse(connection.status?.accessEndsAt ?? '');
    const endsAt = Math.min(clock.now() + graceInMs, Number.isNaN(told) ? Number.POSITIVE_INFINITY : told);
    const { uid, generation } = connection.metadata;
    const isOwnDoing = (this.#permitted.get(uid) ?? generation) !== generation;
    const pending: Pending = { endsAt, isLoss: !isOwnDoing && !wasWithdrawn(connection), listsBefore: undefined, askedAt: -1 };
    this.#pending.set(uid, pending);
    return pending;
  }

  /** How many are lost now. Those that went without the operator, or are on their way out, must not stand in the others' way. */
  #countLost(): number {
    const there = new Set(this.#options.connections.list().flatMap(({ metadata }) => (metadata.deletionTimestamp ? [] : metadata.uid)));
    for (const uid of this.#pending.keys()) if (!there.has(uid)) this.#pending.delete(uid);
    return [...this.#pending.values()].filter(({ isLoss }) => isLoss).length;
  }

  #isConfirmed(pending: Pending): boolean {
    const { policies, relist } = this.#options;
    const { completeLists } = policies;
    pending.listsBefore ??= completeLists;
    if (completeLists >= pending.listsBefore + listsNeeded) return true;
    if (pending.askedAt !== completeLists) relist();
    pending.askedAt = completeLists;
    return false;
  }
}

/** Whether somebody let accesses be ended that are too many at once, by an annotation on a policy. */
export function areWithdrawalsReleased(policies: Pick<Store<ConnectionPolicy>, 'list'>): boolean {
  return policies.list().some(({ metadata }) => metadata.annotations?.[releaseWithdrawalsAnnotation] === 'true');
}

function wasWithdrawn({ status }: PasswordlessConnection): boolean {
  return status?.conditions?.find(({ type }) => type === ready)?.reason === ('Withdrawn' satisfies Reason);
}
