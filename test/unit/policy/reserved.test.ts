import { expect } from 'chai';
import { isReserved } from '../../../src/policy/reserved-identity.ts';
import { isSubscriptionNamed } from '../../../src/policy/subscriptions.ts';
import { identityId, otherSubscription, policy, shop, subscription } from './given.ts';

const operator = { principalId: 'aaaaaaaa-0000-0000-0000-000000000001', clientId: 'aaaaaaaa-0000-0000-0000-000000000002' };
const application = { principalId: 'bbbbbbbb-0000-0000-0000-000000000001', clientId: 'bbbbbbbb-0000-0000-0000-000000000002' };

describe('a reserved identity', () => {
  it('is the operator’s own, by either id and in every case', () => {
    expect(isReserved(operator, operator, [])).to.equal(true);
    expect(isReserved({ ...application, principalId: operator.principalId.toUpperCase() }, operator, [])).to.equal(true);
    expect(isReserved({ ...application, clientId: operator.clientId.toUpperCase() }, operator, [])).to.equal(true);
  });

  it('is an administrator of the server, by object id or client id', () => {
    expect(isReserved(application, operator, [application.principalId.toUpperCase()])).to.equal(true);
    expect(isReserved(application, operator, ['x', application.clientId])).to.equal(true);
  });

  it('is no other', () => {
    expect(isReserved(application, operator, ['cccccccc-0000-0000-0000-000000000001'])).to.equal(false);
  });
});

describe('a subscription', () => {
  const named = (namespaces: string[], pattern: string) =>
    isSubscriptionNamed(
      subscription.toUpperCase(),
      [policy('a', { namespaces: { names: namespaces }, identities: { userAssigned: [pattern] } })],
      shop,
    );

  it('is named by a policy for the namespace that has identities in it', () => {
    expect(named(['shop'], identityId('*'))).to.equal(true);
  });

  it('is not named by policies for other namespaces, for other subscriptions, or for other things', () => {
    expect(named(['payments'], identityId('*'))).to.equal(false);
    expect(named(['shop'], identityId('*', 'g', otherSubscription))).to.equal(false);
    expect(named(['shop'], identityId('*').replace('userAssignedIdentities', 'others'))).to.equal(false);
    expect(isSubscriptionNamed(subscription, [policy('a', { identities: {} })], shop)).to.equal(false);
  });
});
