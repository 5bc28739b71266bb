import { ConnectionError } from '../api/connection-error.ts';
import type { AppAddress, AppChange, HostedApp, OpenApp } from '../azure/hosted-app.ts';
import type { TagOwner } from '../azure/tag-mark.ts';
import { Serial } from '../runtime/serial.ts';
import type { Cancellable } from '../targets/target.ts';
import type { AppKind } from './app-kind.ts';
import { type FoundSettings, releaseChange } from './plan-app-settings.ts';

/** More changes than it takes to leave an app: settings, then secrets. */
const maximumReleases = 4;

/** The one writer of the apps of a kind: each takes one change at a time, made of what was read just before. */
export class AppWriter {
  readonly #kind: AppKind;
  readonly #writers = new Serial();

  constructor(kind: AppKind) {
    this.#kind = kind;
  }

  /** Makes the change that is decided on what an app is like now. Whether there was one to make. Throws ConnectionError. */
  async change(address: AppAddress, decide: (app: HostedApp) => AppChange | undefined, { signal }: Cancellable): Promise<boolean> {
    return await this.#write(address, async (opened) => decide(opened.seen), { signal });
  }

  /** The same where its settings count too. */
  async changeSettings(
    address: AppAddress,
    decide: (found: FoundSettings) => AppChange | undefined,
    { signal }: Cancellable,
  ): Promise<boolean> {
    const decideOn = async (opened: OpenApp) => decide({ app: opened.seen, settings: await opened.readSettings({ signal }) });
    return await this.#write(address, decideOn, { signal });
  }

  /** Takes out all that is ours, secrets after the settings that read them. */
  async leave(address: AppAddress, owner: TagOwner, { signal }: Cancellable): Promise<void> {
    for (let round = 0; round < maximumReleases; round += 1)
      if (!(await this.changeSettings(address, (found) => releaseChange({ owner }, found), { signal }))) return;
  }

  /** Reads again and asks again, because a plan holds no values and somebody may have changed the app. */
  async #write(
    address: AppAddress,
    decide: (opened: OpenApp) => Promise<AppChange | undefined>,
    { signal }: Cancellable,
  ): Promise<boolean> {
    const { host, pathOf, title } = this.#kind;
    const task = async () => {
      const opened = await host.open(address, { signal, fresh: true });
      const change = opened && (await decide(opened));
      if (!opened || !change) return false;
      requireIdle(title(address), opened.seen);
      await opened.change(change, { signal });
      return true;
    };
    return await this.#writers.run(pathOf(address).toLowerCase(), task, { signal });
  }
}

/** Throws ConnectionError WorkloadBusy while another operation changes the app. */
export function requireIdle(title: string, { isBusy }: HostedApp): void {
  if (isBusy)
    throw new ConnectionError('retry', 'WorkloadBusy', `another operation changes ${title} just now; it goes on by itself afterwards`);
}
