import type { Cancellable } from './target.ts';

/** What became of one request of a batch. */
export type Answer<Result> = { readonly ok: true; readonly result: Result } | { readonly ok: false; readonly error: unknown };

export interface GatheringOptions<Place, Request, Session, Result> {
  /** Requests for places with the same key are answered together. */
  readonly keyOf: (place: Place) => string;
  /** Waits for the place's session and gives it to `work`. */
  readonly enter: (place: Place, work: (session: Session) => Promise<void>, options: Cancellable) => Promise<void>;
  /** Answers requests in their order. What it throws is everybody's failure. */
  readonly answer: (
    session: Session,
    requests: readonly Request[],
    place: Place,
    options: Cancellable,
  ) => Promise<readonly Answer<Result>[]>;
  /** Most requests answered together. */
  readonly maximum: number;
  /** Whether what `answer` threw may be the fault of one, so that each is answered alone. Default: never. */
  readonly mayBeOnes?: (error: unknown) => boolean;
}

/**
 * Answers requests together, and each alone when that fails and `mayGoOn`, so that the fault of one stays its own.
 * Throws what answering them together throws when it may not go on.
 */
export async function togetherOrAlone<Request, Result>(
  requests: readonly Request[],
  answer: (requests: readonly Request[]) => Promise<readonly Result[]>,
  mayGoOn: () => boolean,
): Promise<readonly Answer<Result>[]> {
  try {
    return (await answer(requests)).map((result) => ({ ok: true, result }));
  } catch (error) {
    if (!mayGoOn()) throw error;
    if (requests.length === 1) return [{ ok: false, error }];
  }
  const answers: Answer<Result>[] = [];
  for (const request of requests) answers.push(...(await alone(request, answer)));
  return answers;
}

/** What became of each work, of those that were done with and those that failed. */
export function answersOf<Work>(works: readonly Work[], failures: ReadonlyMap<Work, unknown>): readonly Answer<void>[] {
  return works.map((work) => (failures.has(work) ? { ok: false, error: failures.get(work) } : { ok: true, result: undefined }));
}

async function alone<Request, Result>(
  request: Request,
  answer: (requests: readonly Request[]) => Promise<readonly Result[]>,
): Promise<readonly Answer<Result>[]> {
  try {
    return (await answer([request])).map((result) => ({ ok: true, result }));
  } catch (error) {
    return [{ ok: false, error }];
  }
}

interface Waiting<Request, Result> {
  readonly request: Request;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
  /** Whether it isn't answered together with others any more. */
  isAlone: boolean;
}

interface Line<Place, Request, Result> {
  /** As whoever came last told it. */
  place: Place;
  readonly waiting: Set<Waiting<Request, Result>>;
  /** Being answered, less those who gave up meanwhile. */
  readonly served: Set<Waiting<Request, Result>>;
  /** Aborted when nobody is left who wants what is being answered. */
  stop: AbortController;
}

/**
 * Answers requests together that come while a session is busy: the busier it is, the larger the batches. Nobody waits for others to come. One who gives up
 * doesn't disturb the others.
 */
export class Gathering<Place, Request, Session, Result> {
  readonly #options: GatheringOptions<Place, Request, Session, Result>;
  readonly #lines = new Map<string, Line<Place, Request, Result>>();

  constructor(options: GatheringOptions<Place, Request, Session, Result>) {
    this.#options = options;
  }

  /** The answer to a request. Throws what its answer fails with, what `enter` and `answer` throw, and the signal's reason. */
  async ask(place: Place, request: Request, { signal }: Cancellable): Promise<Result> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const one: Waiting<Request, Result> = { request, resolve, reject, isAlone: false };
    const key = this.#options.keyOf(place);
    const known = this.#lines.get(key);
    const line = known ?? { place, waiting: new Set(), served: new Set(), stop: new AbortController() };
    line.place = place;
    line.waiting.add(one);
    const giveUp = () => {
      reject(signal.reason);
      line.waiting.delete(one);
      const wasServed = line.served.delete(one);
      // who waits for the next batch doesn't want this one's answers
      if (line.served.size === 0 && (wasServed || line.waiting.size === 0)) line.stop.abort(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    if (!known) {
      this.#lines.set(key, line);
      void this.#serve(key, line);
    }
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #serve(key: string, line: Line<Place, Request, Result>): Promise<void> {
    const { enter, mayBeOnes = () => false } = this.#options;
    while (line.waiting.size > 0) {
      line.stop = new AbortController();
      const { signal } = line.stop;
      let begun = false;
      const work = async (session: Session) => {
        begun = true;
        await this.#answer(session, line, { signal });
      };
      try {
        await enter(line.place, work, { signal });
      } catch (error) {
        if (line.served.size > 1 && mayBeOnes(error)) {
          for (const one of line.served) {
            one.isAlone = true;
            line.waiting.add(one);
          }
          line.served.clear();
          continue;
        }
        // a refused login is the failure of all who wait; who came after all others gave up waits for another try
        const failed = begun ? line.served : signal.aborted ? [] : line.waiting;
        for (const one of failed) one.reject(error);
        if (begun) line.served.clear();
        else if (!signal.aborted) line.waiting.clear();
      }
    }
    this.#lines.delete(key);
  }

  async #answer(session: Session, line: Line<Place, Request, Result>, { signal }: Cancellable): Promise<void> {
    const { answer, maximum } = this.#options;
    const [next] = line.waiting;
    const batch = next?.isAlone ? [next] : [...line.waiting].filter(({ isAlone }) => !isAlone).slice(0, maximum);
    for (const one of batch) {
      line.waiting.delete(one);
      line.served.add(one);
    }
    const answers = await answer(
      session,
      batch.map(({ request }) => request),
      line.place,
      { signal },
    );
    for (const [index, one] of batch.entries()) {
      line.served.delete(one);
      const found = answers[index];
      if (found?.ok) one.resolve(found.result);
      else one.reject(found?.error);
    }
    // the session may be at fault: thrown when nobody waits for this batch any more, so that the next one gets another
    for (const found of answers) if (!found.ok) throw found.error;
  }
}
