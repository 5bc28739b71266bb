import type { Logger } from '../../src/runtime/logger.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { CollectedLines } from './collected-lines.ts';

/** A logger and what it wrote, parsed. */
export function collectingLogger(level: 'debug' | 'info' = 'debug'): { readonly logger: Logger; entries(): Record<string, unknown>[] } {
  const lines = new CollectedLines();
  return { logger: createLogger({ level, stream: lines }), entries: () => lines.texts.map((line) => JSON.parse(line)) };
}
