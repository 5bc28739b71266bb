/** What is written in place of a secret. */
export const masked = '[redacted]';

const jwtLike = /eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*/g;
const authorization = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text without tokens, authorization headers and control characters, cut at `limit` characters. Controls become one space. */
export function redactText(text: string, limit = 4096): string {
  const clean = text.replace(jwtLike, masked).replace(authorization, `$1 ${masked}`).replace(controlCharacters, ' ');
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}

/** The first line of a text that somebody else wrote, redacted, at most 300 characters: safe for a log line, a condition or an Event. */
export function firstLine(text: string): string {
  return redactText(text.trimStart().split(/[\r\n]/, 1)[0] ?? '', 300).trim();
}
