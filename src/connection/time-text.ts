/** RFC 3339 to the second, as the API writes times. `ms` since 1970. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
