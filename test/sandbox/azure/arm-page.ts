import { ArmError } from './arm-error.ts';
import type { Answer } from './service.ts';

/** One page of a list. The token of the next page is opaque to callers; here it is the number of items before it. Throws ArmError for any other token. */
export function pageOf(
  items: readonly unknown[],
  {
    size,
    skipToken,
    linkTo,
  }: { readonly size: number; readonly skipToken: string | undefined; readonly linkTo: (skipToken: string) => string },
): Answer {
  const start = skipToken === undefined ? 0 : Number(Buffer.from(skipToken, 'base64url').toString('utf8') || Number.NaN);
  if (!Number.isInteger(start) || start < 0) throw new ArmError(400, 'InvalidSkipToken', `The skip token '${skipToken}' is invalid.`);
  const end = start + size;
  const nextLink = end < items.length ? linkTo(Buffer.from(String(end)).toString('base64url')) : undefined;
  return { status: 200, json: { value: items.slice(start, end), ...(nextLink && { nextLink }) } };
}
