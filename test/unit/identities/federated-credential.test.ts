import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import type { FederatedCredential } from '../../../src/azure/federated-credentials.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { credentialName, planFederation, tokenExchangeAudience } from '../../../src/identities/federated-credential.ts';

const identity = requiredResourceId(
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders',
  'userAssignedIdentity',
);
const federation = { issuer: 'https://issuer.example/', subject: 'system:serviceaccount:shop:orders' };
const name = credentialName(federation);
const ours: FederatedCredential = { name, ...federation, audiences: [tokenExchangeAudience] };

function planned(credentials: readonly FederatedCredential[]): readonly string[] {
  return planFederation(identity, credentials, federation).steps.map((step) => `${step.kind} ${step.credential}`);
}

function reasonOf(credentials: readonly FederatedCredential[]): string {
  try {
    planned(credentials);
    return 'planned';
  } catch (error) {
    return (error as ConnectionError).reason;
  }
}

describe('planFederation', () => {
  it('makes the credential where it is missing', () => {
    expect(planned([])).to.deep.equal([`put-federated-credential ${name}`]);
  });

  it('has nothing to do for our own', () => {
    expect(planned([ours])).to.deep.equal([]);
  });

  it('has nothing to do where somebody else made one that does the same', () => {
    expect(planned([{ ...ours, name: 'by-hand' }])).to.deep.equal([]);
  });

  it('does not take an issuer without the trailing slash for the same, since Entra does not', () => {
    expect(planned([{ ...ours, name: 'by-hand', issuer: 'https://issuer.example' }])).to.deep.equal([`put-federated-credential ${name}`]);
  });

  it('mends its own where somebody changed the audience or issuer', () => {
    expect(planned([{ ...ours, audiences: ['other'] }])).to.deep.equal([`put-federated-credential ${name}`]);
    expect(planned([{ ...ours, issuer: 'https://evil.example/' }])).to.deep.equal([`put-federated-credential ${name}`]);
  });

  it('leaves a credential of its name for another subject alone', () => {
    expect(reasonOf([{ ...ours, subject: 'system:serviceaccount:other:orders' }])).to.equal('FederatedCredentialConflict');
  });

  it('says so when the identity has the twenty that Azure allows', () => {
    const others = Array.from({ length: 20 }, (_, index) => ({ ...ours, name: `other-${index}`, subject: `s-${index}` }));
    expect(reasonOf(others)).to.equal('FederatedCredentialLimit');
    expect(reasonOf(others.slice(1))).to.equal('planned');
    expect(reasonOf([...others.slice(1), { ...ours, audiences: ['other'] }]), 'its own may be mended').to.equal('planned');
  });

  it('names credentials as Azure allows, another one for each issuer and service account', () => {
    expect(name).to.match(/^[a-zA-Z0-9][a-zA-Z0-9-_]{2,119}$/);
    expect(credentialName({ ...federation, subject: 'x' })).not.to.equal(name);
    expect(credentialName({ ...federation, issuer: 'x' })).not.to.equal(name);
  });
});
