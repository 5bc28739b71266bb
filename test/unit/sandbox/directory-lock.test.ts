import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { lockDirectory } from '../../sandbox/directory-lock.ts';

describe("The lock of a sandbox's directory", () => {
  let signal: AbortSignal;
  let directory: string;

  beforeEach(async () => {
    signal = AbortSignal.timeout(20_000);
    directory = await mkdtemp(join(tmpdir(), 'lock-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('tells a second sandbox, whatever name it has for the directory, which process has it', async () => {
    const other = `${directory}-link`;
    await symlink(directory, other);
    const lock = await lockDirectory(directory, { signal });
    try {
      let refusal: unknown;
      await lockDirectory(other, { signal }).catch((error: unknown) => {
        refusal = error;
      });
      expect(String(refusal)).to.contain(`process ${process.pid} runs a sandbox in ${directory}`);
    } finally {
      await lock.release();
      await rm(other);
    }
  });

  it('is free again after its release', async () => {
    await (await lockDirectory(directory, { signal })).release();
    await (await lockDirectory(directory, { signal })).release();
  });
});
