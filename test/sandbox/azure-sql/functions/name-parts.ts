import { SqlError } from '../sql-error.ts';
import { TokenCursor } from '../token-cursor.ts';

/** The parts of a name that stands in a text, as OBJECT_ID takes it; none for what is no name. */
export function partsOfName(text: string): readonly string[] {
  try {
    const cursor = new TokenCursor(text, { quotedIdentifier: true });
    const parts = cursor.names(3);
    return cursor.isAtEnd ? parts : [];
  } catch (error) {
    if (error instanceof SqlError) return [];
    throw error;
  }
}
