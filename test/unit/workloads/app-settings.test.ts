import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import {
  type AppChange,
  type HostedApp,
  type HostedSettings,
  type Place,
  secretDigest,
  valueDigest,
} from '../../../src/azure/hosted-app.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { changedTags, claimTexts, type Tags, tagChanges } from '../../../src/azure/tag-mark.ts';
import type { AppRequest, WantedSettings } from '../../../src/workloads/app-request.ts';
import { identityChange } from '../../../src/workloads/plan-app-identity.ts';
import { identityClaim, releaseChange, settingsChange } from '../../../src/workloads/plan-app-settings.ts';

const identityText = (name: string) =>
  `/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

const request: AppRequest = {
  address: {
    id: requiredResourceId(
      '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/providers/Microsoft.App/containerApps/orders',
      'containerApp',
    ),
  },
  title: 'container app "orders"',
  owner: { cluster: '00000000000000c1', connection: '00000000000000a1', uid: '11111111-0000-4000-8000-000000000001' },
  places: undefined,
  placesField: 'spec.workload.containerApp.containers',
  adopt: false,
  keepsSecrets: true,
};
const neighbour: AppRequest = {
  ...request,
  owner: { cluster: '00000000000000c1', connection: '00000000000000a2', uid: '11111111-0000-4000-8000-000000000002' },
};

const wanted: WantedSettings = { values: { HOST: 'h', USER: 'u' }, secretNames: new Set() };
const withSecret: WantedSettings = { values: { HOST: 'h', CLIENTSECRET: 's1' }, secretNames: new Set(['CLIENTSECRET']) };

interface App {
  readonly tags: Tags;
  readonly places: readonly Place[];
  readonly secrets: readonly string[];
  readonly userAssigned: readonly string[];
  readonly namedIdentities: readonly string[];
}

function app(parts: Partial<App> & { readonly settings?: Readonly<Record<string, string>> } = {}): App {
  const places = parts.places ?? [{ name: 'main', settings: digests(parts.settings ?? {}) }];
  return { tags: {}, secrets: [], userAssigned: [], namedIdentities: [], ...parts, places };
}

function digests(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, valueDigest(value)]));
}

function found({ tags, places, secrets, userAssigned, namedIdentities }: App): { app: HostedApp; settings: HostedSettings } {
  return {
    app: { isBusy: false, hasFailed: false, hasSystemAssigned: false, tags, userAssigned, namedIdentities },
    settings: { places, secrets, secretsMayGo: true },
  };
}

/** The app as a service makes it of a change. */
function after(before: App, change: AppChange | undefined, secretValues: Readonly<Record<string, string>> = {}): App {
  const places = before.places.map((place) => {
    const { set = {}, remove = [] } = change?.places?.find(({ name }) => name === place.name) ?? {};
    const kept = Object.entries(place.settings).filter(([name]) => !remove.includes(name));
    const written = Object.entries(set).map(([name, value]) => [
      name,
      'text' in value ? valueDigest(value.text) : secretDigest(secretValues[name] ?? ''),
    ]);
    return { name: place.name, settings: Object.fromEntries([...kept, ...written]) };
  });
  const secrets = [
    ...before.secrets.filter((name) => !change?.secrets?.remove.includes(name)),
    ...Object.keys(change?.secrets?.set ?? {}).filter((name) => !before.secrets.includes(name)),
  ];
  const userAssigned = [
    ...before.userAssigned.filter((id) => !change?.detach?.includes(id)),
    ...(change?.attach ? [identityText(change.attach.names[0])] : []),
  ];
  return { ...before, places, secrets, userAssigned, tags: changedTags(before.tags, change?.tags ?? {}) };
}

const names = (place: Place | undefined) => Object.keys(place?.settings ?? {}).sort();
const set = (asked: AppRequest, values: WantedSettings, before: App) =>
  after(before, settingsChange(asked, values, found(before)), values.values);
const release = (asked: AppRequest, before: App) => after(before, releaseChange(asked, found(before)));

function refusal(act: () => unknown): string {
  try {
    act();
    return 'none';
  } catch (error) {
    return `${(error as ConnectionError).reason}: ${(error as ConnectionError).message}`;
  }
}

describe('the settings of an app', () => {
  const theirs = { LEVEL: 'info' };

  it('are written beside those of others, and are in sync then', () => {
    const ours = set(request, wanted, app({ settings: theirs }));
    expect(ours.places[0]?.settings).to.deep.equal(digests({ ...theirs, HOST: 'h', USER: 'u' }));
    expect(settingsChange(request, wanted, found(ours))).to.equal(undefined);
  });

  it('are mended when somebody changes, removes or wipes them, all with one change', () => {
    const ours = set(request, wanted, app());
    for (const settings of [{ HOST: 'evil', USER: 'u' }, { USER: 'u' }, {}]) {
      const drifted = { ...ours, places: [{ name: 'main', settings: digests(settings) }] };
      expect(set(request, wanted, drifted)).to.deep.equal(ours);
    }
    // as a file does that knows neither settings nor tags
    expect(set(request, wanted, app())).to.deep.equal(ours);
  });

  it('are claimed again when only the tags are lost', () => {
    const ours = set(request, wanted, app());
    expect(set(request, wanted, { ...ours, tags: {} })).to.deep.equal(ours);
  });

  it('go when the spec does not ask for them any more, and nothing else goes', () => {
    const ours = set(request, wanted, app({ settings: theirs }));
    const next = set(request, { ...wanted, values: { SHOP_HOST: 'h' } }, ours);
    expect(names(next.places[0])).to.deep.equal(['LEVEL', 'SHOP_HOST']);
    expect(settingsChange(request, { ...wanted, values: { SHOP_HOST: 'h' } }, found(next))).to.equal(undefined);
  });

  it('are refused where somebody else has written under one of the names, and nothing is changed', () => {
    expect(refusal(() => set(request, wanted, app({ settings: { HOST: 'other' } })))).to.equal(
      'SettingNotOwned: container "main" of container app "orders" has the setting HOST, written by somebody else: remove it there, set another spec.output.prefix, or take it over with spec.output.adopt',
    );
  });

  it('are taken over from somebody else where the spec says so', () => {
    const adopted = set({ ...request, adopt: true }, wanted, app({ settings: { HOST: 'other', LEVEL: 'info' } }));
    expect(adopted.places[0]?.settings).to.deep.equal(digests({ HOST: 'h', LEVEL: 'info', USER: 'u' }));
    expect(names(release(request, adopted).places[0])).to.deep.equal(['LEVEL']);
  });

  it('are never taken over from another connection', () => {
    const others = set(neighbour, wanted, app());
    expect(refusal(() => set({ ...request, adopt: true }, wanted, others))).to.match(
      /^SettingNotOwned: .* has the setting HOST, written by another PasswordlessConnection: set another spec\.output\.prefix/,
    );
  });

  it('of two connections stand side by side under other names, and each takes out its own', () => {
    const one = set(request, wanted, app());
    const both = set(neighbour, { ...wanted, values: { B_HOST: 'h' } }, one);
    expect(settingsChange(request, wanted, found(both)), 'the first has nothing to do').to.equal(undefined);
    const left = release(request, both);
    expect(names(left.places[0])).to.deep.equal(['B_HOST']);
    expect(releaseChange(request, found(left))).to.equal(undefined);
    expect(names(release(neighbour, left).places[0])).to.deep.equal([]);
  });

  it('stand in the containers that the spec names, and move with it', () => {
    const before = app({ places: ['main', 'sidecar'].map((name) => ({ name, settings: {} })) });
    const one = set({ ...request, places: ['main'] }, wanted, before);
    expect(one.places.map(names)).to.deep.equal([['HOST', 'USER'], []]);
    const all = set(request, wanted, one);
    expect(all.places.map(names)).to.deep.equal([
      ['HOST', 'USER'],
      ['HOST', 'USER'],
    ]);
    const other = set({ ...request, places: ['sidecar'] }, wanted, all);
    expect(other.places.map(names)).to.deep.equal([[], ['HOST', 'USER']]);
  });

  it('need the container that the spec names', () => {
    expect(refusal(() => set({ ...request, places: ['worker'] }, wanted, app()))).to.equal(
      'WorkloadNotFound: container app "orders" has no container "worker" (it has main): correct spec.workload.containerApp.containers',
    );
  });

  it('fit into the tags in any number that a connection can have, and not in every container of many', () => {
    const many = { ...wanted, values: Object.fromEntries([...Array(40).keys()].map((n) => [`SETTING_${n}`, 'v'])) };
    const ours = set(request, many, app());
    expect(settingsChange(request, many, found(ours))).to.equal(undefined);
    expect(Object.values(ours.tags).every((value) => value.length <= 256)).to.equal(true);
    const containers = app({ places: [...Array(32).keys()].map((n) => ({ name: `c${n}`, settings: {} })) });
    expect(refusal(() => set(request, many, containers))).to.match(/^SettingNotAllowed: .* 420 can be looked after/);
  });
});

describe('what an app keeps when a connection goes', () => {
  it('is all that a forged tag names: who does not know the uid can claim nothing', () => {
    const settings = { PAYMENTS_HOST: 'p', NODE_OPTIONS: '--inspect' };
    const forger = { ...request.owner, uid: 'guessed' };
    const claims = Object.keys(settings).map((name) => ({ kind: 'setting', place: 'main', name }) as const);
    const tags = changedTags({}, tagChanges({}, request.owner, claimTexts(claims, forger)) ?? {});
    expect(release(request, app({ settings, tags })).places[0]?.settings).to.deep.equal(digests(settings));
  });

  it('is a setting that we never write, even when a true tag names it', () => {
    const settings = { NODE_OPTIONS: '--inspect', HOST: 'h' };
    const claims = Object.keys(settings).map((name) => ({ kind: 'setting', place: 'main', name }) as const);
    const tags = changedTags({}, tagChanges({}, request.owner, claimTexts(claims, request.owner)) ?? {});
    expect(names(release(request, app({ settings, tags })).places[0])).to.deep.equal(['NODE_OPTIONS']);
  });

  it('is everything where it bears no tag of ours', () => {
    expect(releaseChange(request, found(app({ settings: { HOST: 'h' }, tags: { team: 'shop' } })))).to.equal(undefined);
  });
});

describe('a secret among the settings', () => {
  const ours = set(request, withSecret, app());

  it('stands in the secrets of the app, and a setting refers to it', () => {
    const change = settingsChange(request, withSecret, found(app()));
    const [name = '', value] = Object.entries(change?.secrets?.set ?? {})[0] ?? [];
    expect(change?.places?.[0]?.set).to.deep.equal({ HOST: { text: 'h' }, CLIENTSECRET: { secretName: name } });
    expect(value?.reveal()).to.equal('s1');
    expect(JSON.stringify(change)).not.to.include('s1');
    expect(settingsChange(request, withSecret, found(ours))).to.equal(undefined);
  });

  it('has another name with another value, so that the app starts with it; the old one goes afterwards', () => {
    const rotated = { ...withSecret, values: { ...withSecret.values, CLIENTSECRET: 's2' } };
    const both = set(request, rotated, ours);
    expect(both.secrets).to.have.length(2);
    expect(both.secrets).to.include(ours.secrets[0]);
    const one = set(request, rotated, both);
    expect(one.secrets).to.deep.equal(both.secrets.slice(1));
    expect(settingsChange(request, rotated, found(one))).to.equal(undefined);
  });

  it('is written anew when somebody puts another value under its name', () => {
    const tampered = { ...ours, places: [{ name: 'main', settings: { ...digests({ HOST: 'h' }), CLIENTSECRET: secretDigest('evil') } }] };
    expect(Object.keys(settingsChange(request, withSecret, found(tampered))?.secrets?.set ?? {})).to.deep.equal(ours.secrets);
  });

  it('goes after the settings that read it, with the connection', () => {
    const without = release(request, ours);
    expect([names(without.places[0]), without.secrets]).to.deep.equal([[], ours.secrets]);
    const gone = release(request, without);
    expect([gone.secrets, gone.tags]).to.deep.equal([[], {}]);
    expect(releaseChange(request, found(gone))).to.equal(undefined);
  });

  it('is a setting like the others where a host has no secrets', () => {
    const plain = set({ ...request, keepsSecrets: false }, withSecret, app());
    expect(plain.places[0]?.settings).to.deep.equal(digests(withSecret.values));
  });
});

describe('the identity of an app', () => {
  const id = (name: string) => requiredResourceId(identityText(name), 'userAssignedIdentity');
  const give = (asked: AppRequest, name: string | undefined, before: App) =>
    after(before, identityChange(asked, name === undefined ? undefined : id(name), found(before).app));

  it('is attached beside others, in whatever case Azure spells them, and goes with the connection', () => {
    const before = app({ userAssigned: [identityText('theirs')] });
    const ours = give(request, 'orders', before);
    expect(ours.userAssigned).to.deep.equal([identityText('theirs'), identityText('orders')]);
    const spelt = { ...ours, userAssigned: ours.userAssigned.map((each) => each.replace('resourcegroups', 'resourceGroups')) };
    expect(identityChange(request, id('orders'), found(spelt).app)).to.equal(undefined);
    expect(release(request, ours)).to.deep.equal(before);
  });

  it('stays where somebody else had attached it', () => {
    const before = app({ userAssigned: [identityText('orders')] });
    expect(identityChange(request, id('orders'), found(before).app)).to.equal(undefined);
    expect(releaseChange(request, found(set(request, wanted, before)))?.detach).to.deep.equal([]);
  });

  it('gives way to the next one when the spec names another, or none', () => {
    const ours = give(request, 'orders', app());
    expect(give(request, 'payments', ours).userAssigned).to.deep.equal([identityText('payments')]);
    expect(give(request, undefined, ours)).to.deep.equal(app());
  });

  it('stays until the last connection that needs it is gone', () => {
    const both = give(neighbour, 'orders', give(request, 'orders', app()));
    const one = release(request, both);
    expect(one.userAssigned).to.deep.equal([identityText('orders')]);
    expect(release(neighbour, one).userAssigned).to.deep.equal([]);
  });

  it('stays where the app’s own configuration names it', () => {
    const ours = { ...give(request, 'orders', app()), namedIdentities: [identityText('orders').toLowerCase()] };
    expect(release(request, ours).userAssigned).to.deep.equal([identityText('orders')]);
  });

  it('is remembered while settings change', () => {
    const ours = set(request, wanted, give(request, 'orders', app()));
    expect(release(request, set(request, { ...wanted, values: {} }, ours)).userAssigned).to.deep.equal([]);
    expect(identityClaim(identityText('Orders'))).to.deep.equal(identityClaim(identityText('orders')));
  });
});
