import { inspect } from 'node:util';
import { masked } from './redact.ts';

/** A text that nobody shall read by accident: printed, logged, inspected or made JSON, it shows a mask. Only `reveal` gives it away. */
export interface SecretText {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

/** Wraps a secret. The text lives in the closure alone, so no depth of inspection reaches it. */
export function secretText(text: string): SecretText {
  const mask = () => masked;
  return Object.freeze({ reveal: () => text, toString: mask, toJSON: mask, [inspect.custom]: mask });
}
