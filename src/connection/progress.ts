import { ready } from '../api/conditions.ts';
import type { PasswordlessConnection } from '../api/connection.generated.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { contextOf } from './report.ts';
import { progressStatus } from './status.ts';

/** A pass that is over sooner writes its result and nothing before. */
const silentForMs = 15_000;

/**
 * Says in the status that work on this spec is under way, when that takes more than a moment and the status doesn't speak of this generation yet. Dispose of it
 * before the result is written: it waits for a write of its own, and what that throws is left to the write of the result.
 */
export class Progress implements AsyncDisposable {
  readonly #over = new AbortController();
  readonly #told: Promise<void>;

  constructor(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable) {
    this.#told = isToldOf(connection) ? Promise.resolve() : this.#tellLate(connection, deps, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(over);
    await this.#told;
  }

  async #tellLate(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<void> {
    try {
      await deps.clock.sleep(silentForMs, this.#over.signal);
      await deps.statusWriter.write(connection, progressStatus(connection.status, contextOf(connection, deps)), { signal });
    } catch (error) {
      if (!this.#over.signal.aborted) deps.logger.debug('progress could not be told', { error });
    }
  }
}

const over = new Error('the pass is over');

function isToldOf({ status, metadata }: PasswordlessConnection): boolean {
  return status?.conditions?.find(({ type }) => type === ready)?.observedGeneration === metadata.generation;
}
