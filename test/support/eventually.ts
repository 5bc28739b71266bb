/** Asks again, after I/O had its turn, until the answer is truthy; the test's own time limit ends it. */
export async function eventually<T>(question: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The error of a promise that must reject. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: Error) => error,
  );
  if (outcome === undefined) throw new Error('it did not reject');
  return outcome;
}
