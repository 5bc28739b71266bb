/**
 * The values of a stream that holds one JSON text per line. A last line that isn't terminated was cut off and is dropped.
 *
 * @throws SyntaxError when a line isn't JSON
 */
export async function* jsonLines(
  chunks: AsyncIterable<Uint8Array>,
  onChunk: () => void = () => {},
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of chunks) {
    onChunk();
    const lines = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      parts.push(line);
      const text = parts.join('');
      parts = [];
      if (text.trim() !== '') yield JSON.parse(text);
    }
    if (rest !== '') parts.push(rest);
  }
}
