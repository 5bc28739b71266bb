import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { cacheKey, findOrBuildBinaries } from '../../sandbox/control-plane/binaries.ts';

describe('The binaries of the control plane', () => {
  let signal: AbortSignal;
  let directory: string;

  beforeEach(() => {
    signal = AbortSignal.timeout(600_000);
    directory = mkdtempSync(join(tmpdir(), 'dbaccess-binaries-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function find(environment: NodeJS.ProcessEnv) {
    return findOrBuildBinaries({ log: () => undefined, signal, environment });
  }

  function program(name: string): string {
    const path = join(directory, name);
    writeFileSync(path, '', { mode: 0o700 });
    return path;
  }

  it('are those of KUBEBUILDER_ASSETS', async () => {
    const expected = { etcd: program('etcd'), kubeApiserver: program('kube-apiserver') };
    expect(await find({ KUBEBUILDER_ASSETS: directory })).to.deep.equal(expected);
  });

  it('are asked for when KUBEBUILDER_ASSETS has only one of them', async () => {
    program('etcd');
    const error = await find({ KUBEBUILDER_ASSETS: directory }).catch((reason: Error) => reason);
    expect(error).to.be.instanceOf(Error);
    expect((error as Error).message).to.contain(join(directory, 'kube-apiserver'));
  });

  it('can not be built without Go, which says what to do and leaves nothing behind', async () => {
    const error = await find({ DBACCESS_CACHE: directory, PATH: '/nowhere' }).catch((reason: Error) => reason);
    expect((error as Error).message).to.match(/no "go" on PATH.*install Go.*KUBEBUILDER_ASSETS/);
    expect(readdirSync(join(directory, 'control-plane'))).to.deep.equal([]);
  });

  it('are built anew when a version or a checksum changes', () => {
    const mod = 'require (\n\tgo.etcd.io/etcd/server/v3 v3.6.8\n\tk8s.io/kubernetes v1.36.3\n)\n';
    const keys = [
      cacheKey(mod, 'a'),
      cacheKey(mod, 'b'),
      cacheKey(mod.replace('v3.6.8', 'v3.6.9'), 'a'),
      cacheKey(mod.replace('v1.36.3', 'v1.36.4'), 'a'),
    ];
    expect(new Set(keys)).to.have.property('size', keys.length);
    expect(cacheKey(mod, 'a')).to.equal(keys[0]).and.to.contain('v1.36.3');
  });
});
