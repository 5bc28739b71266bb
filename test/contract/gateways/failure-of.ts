/** The error of a promise that must reject, with what drivers add to it. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<Error & { readonly code?: string; readonly severity?: string; readonly errno?: number }> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof Error)) throw new Error('it succeeded');
  return failure;
}
