import { isDeepStrictEqual } from 'node:util';
import type { PatchOperation } from '../../../src/runtime/kube-calls.ts';

/** Carries out one operation of a JSON patch on an object (https://www.rfc-editor.org/rfc/rfc6902); false when it doesn't fit. Members of lists are only removed. */
export function carryOut(operation: PatchOperation, object: object): boolean {
  const keys = operation.path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let holder = object as Record<string, unknown>;
  for (const key of keys) holder = (holder[key] ?? {}) as Record<string, unknown>;
  switch (operation.op) {
    case 'test':
      return isDeepStrictEqual(holder[last] ?? null, operation.value);
    case 'add':
    case 'replace':
      holder[last] = operation.value;
      return true;
    case 'remove':
      if (!(last in holder)) return false;
      if (Array.isArray(holder)) holder.splice(Number(last), 1);
      else delete holder[last];
      return true;
    default:
      return operation satisfies never;
  }
}
