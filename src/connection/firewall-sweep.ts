import type { AzureCalls } from '../azure/reads.ts';
import { type ResourceId, resourceKey } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Cancellable } from '../targets/target.ts';
import type { FirewallRemoval } from './firewall-removal.ts';
import { type FirewallRule, isOwnRule } from './firewall-rule.ts';
import { asStageFailure } from './in-stage.ts';
import type { Ledger } from './ledger.ts';

/** Between two sweeps while a rule is still to be removed. */
const lookAgainInMs = 30_000;

export interface FirewallSweepOptions {
  readonly ledger: Ledger;
  readonly rules: Pick<AzureCalls, 'listFirewallRules'>;
  readonly removal: FirewallRemoval;
  readonly intervalInMs: number;
  readonly clusterHash: string;
  /** Whether any policy allows such rules at present. */
  readonly isAllowedAnywhere: () => boolean;
  /** Whether this process keeps a rule open. */
  readonly isOpen: (serverId: ResourceId, name: string) => boolean;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Removes the temporary firewall rules that an earlier life of the operator left, by the ledger and by their names. */
export class FirewallSweep {
  readonly #options: FirewallSweepOptions;

  constructor(options: FirewallSweepOptions) {
    this.#options = options;
  }

  /** Sweeps now and in each interval, until the signal. Never rejects. */
  async run({ signal }: Cancellable): Promise<void> {
    const { intervalInMs, clock, logger } = this.#options;
    while (!signal.aborted) {
      const left = await this.#sweepAll({ signal }).catch((error: unknown) => {
        if (!signal.aborted) logger.warn('the ledger could not be read, so that no server was swept for firewall rules', { error });
        return 1;
      });
      await clock.sleep(left === 0 ? intervalInMs : Math.min(intervalInMs, lookAgainInMs), signal).catch(() => undefined);
    }
  }

  /** How many servers may still have a rule that is to go. */
  async #sweepAll({ signal }: Cancellable): Promise<number> {
    const { ledger, isAllowedAnywhere, logger } = this.#options;
    const isAllowed = isAllowedAnywhere();
    let left = 0;
    for await (const { serverId, firewallRule } of ledger.entries({ signal })) {
      if (!firewallRule && !isAllowed) continue;
      try {
        if (!(await this.#sweep(serverId, firewallRule, { signal }))) left += 1;
      } catch (error) {
        signal.throwIfAborted();
        left += 1;
        const { reason, message } = asStageFailure(error).failure;
        logger.warn('a server was not swept for temporary firewall rules', { server: resourceKey(serverId), reason, message });
      }
    }
    return left;
  }

  /** Whether nothing is left of earlier windows. */
  async #sweep(serverId: ResourceId, last: FirewallRule | undefined, { signal }: Cancellable): Promise<boolean> {
    const { rules, removal, clusterHash, isOpen, clock } = this.#options;
    const isLeft = (name: string) => isOwnRule(name, clusterHash) && !isOpen(serverId, name);
    const left = ((await rules.listFirewallRules(serverId, { signal })) ?? []).filter(isLeft);
    for (const name of left) if (isLeft(name)) await removal.remove(serverId, name, { signal });
    if (!last || last.closed || !isLeft(last.name)) return true;
    // one that isn't listed may still be on its way
    if (!left.includes(last.name) && last.expiresAt > clock.now()) return false;
    await removal.close(serverId, last, { signal });
    return true;
  }
}
