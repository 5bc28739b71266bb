import { isConnectionError } from '../api/connection-error.ts';
import type { AzureCalls } from '../azure/reads.ts';
import { type ResourceId, resourceKey } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Cancellable } from '../targets/target.ts';
import type { FirewallRule } from './firewall-rule.ts';
import type { Ledger } from './ledger.ts';

/** How often a removal is tried at once, and how long between two tries. */
const attempts = 5;
const tryAgainInMs = 1_000;

export interface FirewallRemovalOptions {
  readonly ledger: Ledger;
  readonly rules: Pick<AzureCalls, 'deleteFirewallRule'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info'>;
}

/** Takes temporary firewall rules away. Throws what Azure and the ledger throw. */
export class FirewallRemoval {
  readonly #options: FirewallRemovalOptions;

  constructor(options: FirewallRemovalOptions) {
    this.#options = options;
  }

  /** Tries again while Azure is busy with the server, which it is when it makes the rule just now. */
  async remove(serverId: ResourceId, name: string, { signal }: Cancellable): Promise<void> {
    const { rules, clock, logger } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await rules.deleteFirewallRule(serverId, name, { signal });
        break;
      } catch (error) {
        if (!isConnectionError(error) || error.kind !== 'retry' || attempt === attempts) throw error;
        await clock.sleep(tryAgainInMs, signal);
      }
    }
    logger.info('a temporary firewall rule was removed', { server: resourceKey(serverId), rule: name });
  }

  /** Removes a rule, and says in the ledger that it is gone. */
  async close(serverId: ResourceId, rule: FirewallRule, { signal }: Cancellable): Promise<void> {
    await this.remove(serverId, rule.name, { signal });
    await this.#options.ledger.writeFirewallRule(serverId, { ...rule, closed: true }, { signal });
  }
}
