import { expect } from 'chai';
import { headOf, identitiesNamedIn, identityPatch } from '../../../src/azure/app-json.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { tagsPatch } from '../../../src/azure/tag-mark.ts';

const id = (name: string) =>
  `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const attach = requiredResourceId(id('orders'), 'userAssignedIdentity');

describe('the identities of an app', () => {
  const having = (type: string, ...names: readonly string[]) =>
    headOf({ identity: { type, userAssignedIdentities: Object.fromEntries(names.map((name) => [id(name), { clientId: 'x' }])) } });
  const none = headOf({ identity: { type: 'None' } });

  it('are read in each way that Azure writes them', () => {
    expect(having('SystemAssigned, UserAssigned', 'a')).to.include({ hasSystemAssigned: true });
    expect(having('SystemAssigned,UserAssigned', 'a').userAssigned).to.deep.equal([id('a')]);
    expect(headOf({})).to.deep.equal({ hasSystemAssigned: false, userAssigned: [], tags: {} });
    expect(headOf({ identity: null, tags: null })).to.deep.equal({ hasSystemAssigned: false, userAssigned: [], tags: {} });
  });

  it('are sent with all that are there, so that none is lost whichever way a service takes them', () => {
    expect(identityPatch(none, { attach })).to.deep.equal({ type: 'UserAssigned', userAssignedIdentities: { [id('orders')]: {} } });
    expect(identityPatch(having('SystemAssigned, UserAssigned', 'a'), { attach })).to.deep.equal({
      type: 'SystemAssigned,UserAssigned',
      userAssignedIdentities: { [id('a')]: {}, [id('orders')]: {} },
    });
    expect(identityPatch(having('UserAssigned', 'a'), { enableSystemAssigned: true })).to.deep.equal({
      type: 'SystemAssigned,UserAssigned',
      userAssignedIdentities: { [id('a')]: {} },
    });
  });

  it('go one by one, and the last with its kind', () => {
    expect(identityPatch(having('UserAssigned', 'a', 'b'), { detach: [id('b')] })).to.deep.equal({
      type: 'UserAssigned',
      userAssignedIdentities: { [id('a')]: {}, [id('b')]: null },
    });
    expect(identityPatch(having('SystemAssigned,UserAssigned', 'a'), { detach: [id('a')] })).to.deep.equal({
      type: 'SystemAssigned',
      userAssignedIdentities: null,
    });
    expect(identityPatch(having('UserAssigned', 'a'), { detach: [id('a')] })).to.deep.equal({ type: 'None', userAssignedIdentities: null });
  });

  it('are left out of a write that is not about them', () => {
    expect(identityPatch(having('UserAssigned', 'a'), { tags: {} })).to.equal(undefined);
  });

  it('are found where a configuration names them', () => {
    const configuration = {
      registries: [{ server: 'x', identity: id('Puller').replace('resourceGroups', 'resourcegroups') }],
      secrets: null,
    };
    expect(identitiesNamedIn(configuration)).to.deep.equal([id('puller').toLowerCase()]);
    expect(identitiesNamedIn(undefined)).to.deep.equal([]);
  });
});

describe('the tags of a write', () => {
  it('are all that there shall be, with null for those that go', () => {
    expect(tagsPatch({ team: 'shop', old: 'x' }, { team: 'shop', ours: 'y' })).to.deep.equal({ team: 'shop', ours: 'y', old: null });
  });

  it('are left out where they stay', () => {
    expect(tagsPatch({ team: 'shop' }, { team: 'shop' })).to.equal(undefined);
  });
});
