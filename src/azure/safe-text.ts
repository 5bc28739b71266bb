/** Length of the longest text from outside that goes into a message, in characters. */
const maximumLength = 300;

/** Enough to find the first line in; also bounds the work on a hostile text. */
const examinedLength = 4096;

/** Line ends of any kind. */
const lineEnd = /[\n\v\f\r\u0085\u2028\u2029]+/;

/** Control characters, and those that turn or hide text on a terminal: bidirectional marks, zero-width characters, tags, lone surrogates. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** The three parts of a JSON web token, or what is left of them: its first part is always `{"` in base64url. */
const token = /eyJ[\w-]*(?:\.[\w-]*)*/g;

const authorization = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;

/** `name=value` and `name: value`, also inside JSON, where the name says that the value is secret. */
const namedSecret =
  /(["']?\b(?:password|passwd|pwd|client_?secret|client_?assertion|access_?token|refresh_?token|id_?token|assertion|sharedaccesskey|accountkey|sig)\b["']?\s*[=:]\s*)("[^"]*"?|'[^']*'?|[^\s,;&"']+)/gi;

const url = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s"'<>]*)/gi;

/**
 * A text from Azure or a database made fit for a condition, Event or log line: its first line that isn't empty, at most 300 characters, without control characters,
 * tokens, passwords, and the user and query parts of URLs (threat-model S6). Anything but a string becomes an empty text.
 */
export function safeText(text: unknown): string {
  if (typeof text !== 'string') return '';
  const line =
    text
      .slice(0, examinedLength)
      .split(lineEnd)
      .map((each) => each.replaceAll('\t', ' ').replace(unprintable, '').trim())
      .find((each) => each !== '') ?? '';
  const masked = line
    .replace(url, (_, scheme: string, rest: string) => scheme + withoutSecrets(rest))
    .replace(token, 'eyJ…')
    .replace(authorization, '$1 …')
    .replace(namedSecret, '$1…');
  const characters = [...masked];
  return characters.length <= maximumLength ? masked : `${characters.slice(0, maximumLength - 1).join('')}…`;
}

/** What follows the `://` of a URL, without user, password, query and fragment. */
function withoutSecrets(rest: string): string {
  const end = rest.search(/[?#]/);
  const kept = end === -1 ? rest : `${rest.slice(0, end)}?…`;
  const slash = kept.indexOf('/');
  const authority = slash === -1 ? kept : kept.slice(0, slash);
  const at = authority.lastIndexOf('@');
  return at === -1 ? kept : kept.slice(at + 1);
}
