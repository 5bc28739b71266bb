import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AuthenticationV1Api, KubeConfig } from '@kubernetes/client-node';
import { expect } from 'chai';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { createAuthority } from '../../sandbox/certificates.ts';
import { type ControlPlane, startControlPlane } from '../../sandbox/control-plane/control-plane.ts';
import { Applier } from '../../sandbox/control-plane/manifests.ts';
import { controlPlane, startTimeout } from '../support.ts';

describe("The sandbox's control plane", function () {
  this.timeout(20_000);
  const signal = AbortSignal.timeout(startTimeout);
  let plane: ControlPlane;

  before(async function () {
    this.timeout(startTimeout);
    plane = await controlPlane();
    const applier = await Applier.create(plane.api, { signal });
    await applier.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'app', namespace: 'default' } }, { signal });
  });

  async function tokenFor(audience: string): Promise<string> {
    const path = '/api/v1/namespaces/default/serviceaccounts/app/token';
    const { status } = await plane.api.request('POST', path, { body: { spec: { audiences: [audience] } } }, { signal });
    return status.token;
  }

  async function anonymously(path: string) {
    const nobody = plane.api.as();
    try {
      return await nobody.answer('GET', path, { accept: '*/*' }, { signal });
    } finally {
      await nobody.close();
    }
  }

  it('is an issuer whose tokens anybody can check', async () => {
    const discovery = await anonymously('/.well-known/openid-configuration');
    expect(discovery.body).to.include({ issuer: plane.issuer });
    const keys = await anonymously(new URL(discovery.body.jwks_uri).pathname);
    const token = await tokenFor('api://AzureADTokenExchange');
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys.body), {
      issuer: plane.issuer,
      audience: 'api://AzureADTokenExchange',
    });
    expect(payload.sub).to.equal('system:serviceaccount:default:app');
  });

  for (const path of ['/api', '/version', '/apis/dbaccess.dev', '/api/v1/namespaces/default/secrets']) {
    it(`does not answer ${path} to those who have not logged in`, async () => {
      expect((await anonymously(path)).status).to.equal(401);
    });
  }

  it('keeps all its files from other users', () => {
    const directory = dirname(plane.adminKubeconfig);
    expect(modeOf(directory)).to.equal('700');
    const files = readdirSync(directory).filter((name) => statSync(join(directory, name)).isFile());
    expect(files).to.include.members(['serving.key', 'service-accounts.key', 'kube-apiserver.log', 'etcd.log', 'admin.kubeconfig']);
    for (const name of files) expect(modeOf(join(directory, name)), name).to.equal('600');
  });

  it('writes a kubeconfig with which client-node logs in with the token of a file', async () => {
    const directory = dirname(plane.adminKubeconfig);
    const tokenFile = join(directory, 'app.token');
    const path = join(directory, 'app.kubeconfig');
    writeFileSync(tokenFile, await tokenFor(plane.issuer), { mode: 0o600 });
    await plane.kubeconfigFor({ name: 'app', tokenFile, path }, { signal });

    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromFile(path);
    const review = await kubeconfig.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    expect(review.status?.userInfo?.username).to.equal('system:serviceaccount:default:app');
  });

  it('says why it does not start, and leaves nothing running then', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dbaccess-broken-'));
    try {
      const program = (name: string, script: string) => {
        writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
        return join(directory, name);
      };
      const binaries = {
        etcd: program('broken-etcd', 'until [ -s pid ]; do sleep 0.05; done; echo no space left on device >&2; exit 1'),
        kubeApiserver: program('waiting-kube-apiserver', 'echo $$ > pid; exec sleep 600'),
      };
      const authority = await createAuthority();
      const error = await startControlPlane({ binaries, directory, authority, log: () => undefined, signal }).catch(
        (reason: Error) => reason,
      );
      expect((error as Error).message).to.equal('etcd ended with 1:\nno space left on device');
      expect(() => process.kill(Number(readFileSync(join(directory, 'pid'), 'utf8')), 0)).to.throw('ESRCH');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}
