import { ClientSecretCredential } from '@azure/identity';
import { expect } from 'chai';
import { ids } from '../world.ts';
import { refusalOf, startAzure, type TestAzure } from './test-azure.ts';

const scope = 'https://ossrdbms-aad.database.windows.net/.default';
const clientId = '5e91c000-0000-4000-8000-000000000001';
const principalId = '5e91c000-0000-4000-8000-000000000002';

describe("A service principal of the sandbox's tenant", () => {
  let azure: TestAzure;

  before(async () => {
    azure = await startAzure();
    azure.world.servicePrincipals.push({ name: 'reports', clientId, principalId, secrets: ['old', 'new'], federatedCredentials: [] });
  });

  after(() => azure.stop());

  const tokenFor = async (secret: string) => {
    const { authority } = azure.entra;
    const options = { authorityHost: authority, disableInstanceDiscovery: true, tlsOptions: { ca: azure.ca } };
    return (await new ClientSecretCredential(ids.tenant, clientId, secret, options).getToken(scope)).token;
  };

  for (const secret of ['old', 'new']) {
    it(`logs in with its ${secret} secret`, async () => {
      const claims = await azure.entra.verify(await tokenFor(secret), 'https://ossrdbms-aad.database.windows.net');
      expect(claims).to.include({ oid: principalId, appid: clientId, tid: ids.tenant });
      expect(claims).not.to.have.property('xms_mirid');
    });
  }

  it('does not log in before Entra knows it', async () => {
    const [reports] = azure.world.servicePrincipals;
    azure.world.servicePrincipals[0] = { ...reports!, effectiveAt: Date.now() + 3_600_000 };
    expect((await refusalOf(tokenFor('new'))).message).to.contain('AADSTS700016');
    azure.world.servicePrincipals[0] = reports!;
  });

  it('does not log in with another one, nor with one that was taken from it', async () => {
    expect((await refusalOf(tokenFor('guessed'))).message).to.contain('AADSTS7000215');
    azure.world.servicePrincipals[0]!.secrets = ['new'];
    expect((await refusalOf(tokenFor('old'))).message).to.contain('AADSTS7000215');
  });
});
