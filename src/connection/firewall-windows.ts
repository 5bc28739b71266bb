import { isConnectionError } from '../api/connection-error.ts';
import type { AzureCalls } from '../azure/reads.ts';
import { type ResourceId, resourceKey } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import { Deadline, isDeadlineExceeded } from '../runtime/deadline.ts';
import type { Logger } from '../runtime/logger.ts';
import { Serial } from '../runtime/serial.ts';
import type { FirewallWindow } from '../targets/plan-setup.ts';
import type { Cancellable, ServerObservation, Target } from '../targets/target.ts';
import type { DriftSchedule } from './drift-schedule.ts';
import { FirewallRemoval } from './firewall-removal.ts';
import { type FirewallRule, ruleName } from './firewall-rule.ts';
import { FirewallSweep } from './firewall-sweep.ts';
import { asStageFailure } from './in-stage.ts';
import type { Ledger } from './ledger.ts';
import { timeText } from './time-text.ts';

/** The longest that a rule is there: twice what Azure takes until it counts. */
const windowInMs = 10 * 60_000;
/** Between two windows of one server, from the beginning of the one to that of the next (threat-model S10). */
const windowEveryInMs = 60 * 60_000;
/** How long the rules that are still open may take to go when the operator is told to stop. */
const farewellInMs = 8_000;

export interface FirewallWindowsOptions {
  readonly ledger: Ledger;
  readonly rules: Pick<AzureCalls, 'listFirewallRules' | 'putFirewallRule' | 'deleteFirewallRule'>;
  readonly driftSchedule: DriftSchedule;
  readonly clusterHash: string;
  /** The only addresses that a rule is ever made for; any public one when empty. */
  readonly egressAddresses: readonly string[];
  /** Whether any policy allows such rules at present. */
  readonly isAllowedAnywhere: () => boolean;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** A window that this process has opened. */
interface OpenWindow {
  readonly serverId: ResourceId;
  readonly rule: FirewallRule;
  /** Told by the first login since. */
  readonly used: PromiseWithResolvers<Pick<Target, 'whenUnused'>>;
}

/**
 * Temporary firewall rules: for one address, while sessions last or for ten minutes at most, once an hour for each server. Each stands in the ledger before it is made, and has the
 * cluster and its end in its name, so that one which a crash left behind is found by either, after the start and in every interval.
 */
export class FirewallWindows {
  readonly #options: FirewallWindowsOptions;
  readonly #removal: FirewallRemoval;
  readonly #sweep: FirewallSweep;
  readonly #serial = new Serial();
  readonly #open = new Map<string, OpenWindow>();
  readonly #watching = new Set<Promise<void>>();
  #running: AbortSignal = new AbortController().signal;

  constructor(options: FirewallWindowsOptions) {
    this.#options = options;
    this.#removal = new FirewallRemoval(options);
    this.#sweep = new FirewallSweep({
      ...options,
      removal: this.#removal,
      intervalInMs: options.driftSchedule.intervalInMs,
      isOpen: (serverId, name) => this.#open.get(resourceKey(serverId))?.rule.name === name,
    });
  }

  /** What is known of a window to this server for this address. Throws StatusError when the ledger can't be read. */
  async look(serverId: ResourceId, address: string, { signal }: Cancellable): Promise<FirewallWindow> {
    const { egressAddresses, ledger, clock } = this.#options;
    if (egressAddresses.length > 0 && !egressAddresses.includes(address)) return { kind: 'other-address' };
    if (this.#open.get(resourceKey(serverId))?.rule.address === address) return { kind: 'open' };
    const last = await ledger.readFirewallRule(serverId, { signal });
    const next = (last?.openedAt ?? 0) + windowEveryInMs;
    // a time from the future was written before the clock was put back
    if (!last || next <= clock.now() || last.openedAt > clock.now()) return { kind: 'may-open' };
    return { kind: 'spent', until: timeText(next) };
  }

  /**
   * Makes the rule, unless somebody else has. It is proven first that rules can be listed and removed, so that none is made that would be left behind.
   * Throws ConnectionError, and StatusError when the ledger can't be written.
   */
  async open({ serverId, host }: Pick<ServerObservation, 'serverId' | 'host'>, address: string, { signal }: Cancellable): Promise<void> {
    const task = async () => {
      if ((await this.look(serverId, address, { signal })).kind !== 'may-open') return;
      await this.#make(serverId, host, address, { signal });
    };
    await this.#serial.run(resourceKey(serverId), task, { signal });
  }

  /** The operator has logged in to a server: its window closes when all sessions there have ended. */
  loggedIn({ serverId }: Pick<ServerObservation, 'serverId'>, target: Pick<Target, 'whenUnused'>): void {
    this.#open.get(resourceKey(serverId))?.used.resolve(target);
  }

  /** Sweeps what a crash left, now and in each interval, and ends with the signal, when every window is closed. */
  async run({ signal }: Cancellable): Promise<void> {
    this.#running = signal;
    await this.#sweep.run({ signal });
    await Promise.all(this.#watching);
  }

  async #make(serverId: ResourceId, host: string, address: string, { signal }: Cancellable): Promise<void> {
    const { ledger, rules, clock, clusterHash, driftSchedule, logger } = this.#options;
    const openedAt = clock.now();
    const expiresAt = openedAt + windowInMs;
    const rule: FirewallRule = { name: ruleName(clusterHash, expiresAt), address, openedAt, expiresAt };
    await rules.listFirewallRules(serverId, { signal });
    await rules.deleteFirewallRule(serverId, rule.name, { signal });

    const key = resourceKey(serverId);
    const window: OpenWindow = { serverId, rule, used: Promise.withResolvers() };
    await ledger.writeFirewallRule(serverId, rule, { signal });
    this.#open.set(key, window);
    try {
      await rules.putFirewallRule(serverId, rule, { signal });
    } catch (error) {
      this.#open.delete(key);
      await this.#takeBack(serverId, rule, error);
      throw error;
    }
    logger.info('a temporary firewall rule was made', { server: key, rule: rule.name, address });
    driftSchedule.postpone(serverId, openedAt + windowEveryInMs);
    const watching = this.#watch(window, host).finally(() => this.#watching.delete(watching));
    this.#watching.add(watching);
  }

  /** One that Azure refused uses up no window; of one that may have been made all the same, the ledger goes on telling until it is gone. */
  async #takeBack(serverId: ResourceId, rule: FirewallRule, error: unknown): Promise<void> {
    const { ledger, clock } = this.#options;
    using deadline = new Deadline({
      clock,
      afterInMs: farewellInMs,
      parent: new AbortController().signal,
      what: 'taking a firewall rule back',
    });
    const { signal } = deadline;
    try {
      await this.#removal.remove(serverId, rule.name, { signal });
      const wasRefused = isConnectionError(error) && error.reason === 'AzureAccessDenied';
      if (wasRefused) await ledger.writeFirewallRule(serverId, undefined, { signal });
    } catch (failure) {
      this.#tell('a temporary firewall rule could not be taken back; the sweep removes it', serverId, failure);
    }
  }

  /** Waits until the window is to be closed, and closes it. Never rejects. */
  async #watch({ serverId, rule, used }: OpenWindow, host: string): Promise<void> {
    const { clock } = this.#options;
    const left = rule.expiresAt - clock.now();
    {
      using deadline = new Deadline({ clock, afterInMs: left, parent: this.#running, what: 'a firewall window' });
      const { signal } = deadline;
      const { promise: over, resolve } = Promise.withResolvers<undefined>();
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
      const target = signal.aborted ? undefined : await Promise.race([used.promise, over]);
      await target?.whenUnused({ host }, { signal }).catch((error: unknown) => {
        if (!signal.aborted && !isDeadlineExceeded(error)) this.#tell('sessions could not be waited for', serverId, error);
      });
    }
    using farewell = new Deadline({ clock, afterInMs: farewellInMs, parent: new AbortController().signal, what: 'closing a firewall' });
    try {
      await this.#removal.close(serverId, rule, { signal: farewell.signal });
    } catch (error) {
      this.#tell('a temporary firewall rule is still to be removed', serverId, error);
    } finally {
      this.#open.delete(resourceKey(serverId));
    }
  }

  #tell(what: string, serverId: ResourceId, error: unknown): void {
    const { reason, message } = asStageFailure(error).failure;
    this.#options.logger.warn(what, { server: resourceKey(serverId), reason, message });
  }
}
