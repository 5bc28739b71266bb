import type { FakeClock } from '../../support/fake-clock.ts';
import type { Boundaries, Call, Treatment } from './boundary.ts';

/** What a call meets whose process is dead. */
export type Reception = Treatment | { readonly kind: 'dead' };

/**
 * The way of one process of the operator to everybody outside. When the process dies, nothing that it goes on to send arrives.
 */
export class Line {
  /** Resolves when the process has come to its end. */
  readonly ended: Promise<void>;
  readonly #end: () => void;
  readonly #boundaries: () => Boundaries;
  readonly #clock: FakeClock;
  #isDead = false;
  #passing: Promise<void> = Promise.resolve();

  constructor({ boundaries, clock }: { readonly boundaries: () => Boundaries; readonly clock: FakeClock }) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.#boundaries = boundaries;
    this.#clock = clock;
  }

  /** What becomes of a call. */
  meet(call: Call): Reception {
    if (this.#isDead) {
      this.#end();
      return { kind: 'dead' };
    }
    const treatment = this.#boundaries().meet(call);
    if (treatment.kind === 'kill') this.#isDead = true;
    return treatment;
  }

  /** Lets the time pass in which nobody answers. */
  hang(ms: number): void {
    this.#passing = this.#passing.then(() => this.#clock.advance(ms));
  }

  /** Resolves when all the time has passed that calls hung. */
  async settled(): Promise<void> {
    await this.#passing;
  }

  /** Makes a call to something that answers at once. */
  async send<T>(
    call: Call,
    { carryOut, refuse, signal }: { carryOut: () => T; refuse: (how: Refusal) => T; signal: AbortSignal | undefined },
  ): Promise<T> {
    signal?.throwIfAborted();
    const reception = this.meet(call);
    switch (reception.kind) {
      case 'carry-out':
        return carryOut();
      case 'refuse':
        return refuse(reception);
      case 'cut':
        if (reception.when === 'after') carryOut();
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      case 'kill':
        if (reception.when === 'after') carryOut();
        this.#end();
        return await new Promise<never>(() => {});
      case 'dead':
        return await new Promise<never>(() => {});
      case 'hang':
        this.hang(callDeadlineInMs);
        return await untilAborted(signal);
      default:
        return reception satisfies never;
    }
  }
}

/** Beyond what the operator waits for an answer of Kubernetes or Azure. */
const callDeadlineInMs = 31_000;

export type Refusal = Extract<Treatment, { kind: 'refuse' }>;

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
