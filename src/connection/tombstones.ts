import type { TargetType } from '../api/spec.ts';
import type { ResourceId } from '../azure/resource-id.ts';
import { resourceKey } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Cancellable, Target } from '../targets/target.ts';
import { asStageFailure, inStage } from './in-stage.ts';
import type { Ledger, Tombstone } from './ledger.ts';

/** How soon tombstones are looked at after the operator starts or one is added, and how long at most between two tries. */
const firstTryInMs = 5_000;
const longestWaitInMs = 600_000;

/** Ends the users of abandoned connections, and tidies those of ended ones away that couldn't be tidied at once, for as long as it takes. */
export class Tombstones {
  readonly #ledger: Ledger;
  readonly #targets: ReadonlyMap<TargetType, Target>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #woken = new AbortController();

  constructor(options: {
    readonly ledger: Ledger;
    readonly targets: ReadonlyMap<TargetType, Target>;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#ledger = options.ledger;
    this.#targets = options.targets;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** A tombstone was added: don't wait out a long pause. */
  wake(serverId: ResourceId): void {
    this.#logger.debug('tombstone added', { server: resourceKey(serverId) });
    this.#woken.abort();
  }

  /** Ends with the signal. */
  async run({ signal }: Cancellable): Promise<void> {
    let waitInMs = firstTryInMs;
    while (!signal.aborted) {
      await this.#pause(waitInMs, signal);
      if (signal.aborted) return;
      const left = await this.#tidyAll({ signal }).catch((error: unknown) => {
        if (!signal.aborted) this.#logger.warn('tombstones could not be read', { error });
        return 1;
      });
      waitInMs = left === 0 ? longestWaitInMs : Math.min(longestWaitInMs, waitInMs * 2);
      if (this.#woken.signal.aborted) {
        this.#woken = new AbortController();
        waitInMs = firstTryInMs;
      }
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, AbortSignal.any([signal, this.#woken.signal])).catch(() => undefined);
  }

  /** How many are left. */
  async #tidyAll({ signal }: Cancellable): Promise<number> {
    let left = 0;
    for await (const { tombstones } of this.#ledger.entries({ signal })) {
      for (const [index, tombstone] of tombstones.entries()) {
        try {
          await this.#tidy(tombstone, { signal });
        } catch (error) {
          signal.throwIfAborted();
          left += 1;
          const { stage, failure } = asStageFailure(error);
          const { reason, message } = failure;
          this.#logger.info('a user is still to be tidied away', { user: tombstone.request.userName, reason, message });
          if (stage !== 'server') continue;
          // the others of this server would wait in vain as well, and those of other servers for them
          left += tombstones.length - index - 1;
          break;
        }
      }
    }
    return left;
  }

  async #tidy(tombstone: Tombstone, { signal }: Cancellable): Promise<void> {
    const target = this.#targets.get(tombstone.type);
    if (!target) return;
    try {
      const server = await inStage('server', () => target.observeServer(tombstone.request, { signal }));
      await this.#ledger.rememberServer(tombstone.request.serverId, await target.identify(server, { signal }), { signal });
      const ended = await target.end(tombstone.request, server, { signal });
      if (ended === 'ended' && !tombstone.keeps) await target.tidy(tombstone.request, server, { signal });
    } catch (error) {
      // with the server went the user
      if (asStageFailure(error).failure.reason !== 'ServerNotFound') throw error;
    }
    await this.#ledger.exhume(tombstone, { signal });
  }
}
