import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type SandboxFile, SandboxFileWriter } from '../../sandbox/sandbox-file.ts';

const file: SandboxFile = {
  version: 1,
  kubeconfig: '/k',
  ca: '/c',
  oidcIssuer: 'https://127.0.0.1:1',
  tenantId: 't',
  subscriptionId: 's',
  resourceGroup: 'sandbox',
  location: 'westeurope',
  arm: { endpoint: 'https://127.0.0.1:2' },
  entra: { authority: 'https://127.0.0.1:3' },
  controls: { endpoint: 'http://127.0.0.1:4', token: 'x' },
  servers: [],
  identities: [],
  workloads: [],
};

describe('sandbox.json', () => {
  const { signal } = new AbortController();
  let directory: string;
  let path: string;
  let written: SandboxFileWriter;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sandbox-file-'));
    path = join(directory, 'sandbox.json');
    written = new SandboxFileWriter(path);
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('is for its user only, and says what was written last', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => written.write({ ...file, tenantId: `tenant ${n}` }, { signal })));
    expect(JSON.parse(await readFile(path, 'utf8'))).to.deep.equal({ ...file, tenantId: 'tenant 19' });
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(directory)).to.deep.equal(['sandbox.json']);
  });

  it('goes with its sandbox, and need not be there for that', async () => {
    await written.remove();
    await written.write(file, { signal });
    await written.remove();
    expect(await readdir(directory)).to.deep.equal([]);
  });

  it('is written although the write before failed', async () => {
    let failure: unknown;
    await written.write(file, { signal: AbortSignal.abort(new Error('stopped')) }).catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.instanceOf(Error);
    await written.write(file, { signal });
    expect(JSON.parse(await readFile(path, 'utf8'))).to.deep.equal(file);
  });
});
