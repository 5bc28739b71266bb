import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { SandboxFile } from '../sandbox/sandbox-file.ts';
import { identityToken } from '../support/hosted-app.ts';
import { databaseScope } from '../support/workload.ts';
import { identityId, inTime, messageOf, sandbox, startTimeout, testTimeout } from './support.ts';

describe('sandbox.json of a running sandbox', function () {
  this.timeout(testTimeout);

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
  });

  async function onDisk(): Promise<SandboxFile> {
    return JSON.parse(await readFile(join((await sandbox()).directory, 'sandbox.json'), 'utf8'));
  }

  it('is what the sandbox says of itself', async () => {
    expect(await onDisk()).to.deep.equal((await sandbox()).file);
  });

  it('names the apps that Azure hosts, with identity endpoints that answer', async () => {
    const { workloads } = await onDisk();
    expect(workloads.map(({ type, name }) => `${type} ${name}`)).to.include.members(['ContainerApp shop-web', 'ContainerApp shop-worker']);
    for (const { identityEndpoint, identityHeader } of workloads.filter(({ name }) => name.startsWith('shop-'))) {
      const environment = { IDENTITY_ENDPOINT: identityEndpoint, IDENTITY_HEADER: identityHeader };
      expect(await messageOf(identityToken(environment, { scope: databaseScope, ...inTime() }))).to.match(
        /Unable to load the proper Managed Identity/,
      );
    }
  });

  it('has the new ids of an identity by the time that the controls answer', async () => {
    const resourceId = identityId('shop-spare');
    const { controls } = await onDisk();
    const answer = await fetch(`${controls.endpoint}/identities/recreate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${controls.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceId }),
    });
    expect(answer.status).to.equal(200);
    expect((await onDisk()).identities).to.deep.include(await answer.json());
  });
});
