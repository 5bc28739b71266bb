import { Writable } from 'node:stream';

/** A stream that keeps what is written to it, line by line. */
export class CollectedLines extends Writable {
  readonly texts: string[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.texts.push(...chunk.toString().trimEnd().split('\n'));
    callback();
  }
}
