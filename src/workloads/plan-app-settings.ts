import { createHmac } from 'node:crypto';
import { ConnectionError } from '../api/connection-error.ts';
import {
  type AppChange,
  type HostedApp,
  type HostedSettings,
  type Place,
  type PlaceChange,
  type SettingValue,
  secretDigest,
  valueDigest,
} from '../azure/hosted-app.ts';
import { type Claim, claimTexts, TagMark, tagChanges } from '../azure/tag-mark.ts';
import { type SecretText, secretText } from '../runtime/secret-text.ts';
import type { AppRequest, WantedSettings } from './app-request.ts';
import { isLoaderName } from './loader-name.ts';

/** What is found of an app and its settings. */
export interface FoundSettings {
  readonly app: HostedApp;
  readonly settings: HostedSettings;
}

/** How the app must change so that its places have just these settings of ours, and its tags say so. Undefined when they do. Throws SettingNotOwned and WorkloadNotFound. */
export function settingsChange(request: AppRequest, wanted: WantedSettings, { app, settings }: FoundSettings): AppChange | undefined {
  const mark = new TagMark(app.tags, request.owner);
  const chosen = chosenPlaces(request, settings.places);
  const values = wantedValues(request, wanted);
  refuseForeign(request, values, chosen, mark);

  const places = settings.places
    .map((place) => placeChange(place, chosen.includes(place) ? values : new Map(), mark))
    .filter(({ set, remove }) => Object.keys(set).length + remove.length > 0);
  const secrets = [...values.values()].flatMap(({ secret }) => (secret ? [secret] : []));
  const missing = secrets.filter(({ name }) => !settings.secrets.includes(name) || places.some((place) => uses(place, name)));
  const stale = staleSecrets(settings, mark).filter((name) => secrets.every((secret) => secret.name !== name));
  // one that a running revision still reads may only go after the next one runs
  const removable = places.length === 0 && settings.secretsMayGo ? stale : [];
  const claims = [
    ...chosen.flatMap((place) => [...values.keys()].map((name) => claimOf(place, name))),
    ...[...secrets.map(({ name }) => name), ...stale.filter((name) => !removable.includes(name))].map(secretClaim),
    ...app.userAssigned.map(identityClaim).filter((claim) => mark.has(claim)),
  ];
  const tags = tagChanges(app.tags, request.owner, claimTexts(claims, request.owner));
  if (places.length === 0 && missing.length === 0 && removable.length === 0 && tags === undefined) return undefined;
  const set = Object.fromEntries(missing.map(({ name, text }) => [name, secretText(text)]));
  const tagsMeanwhile = tagChanges(app.tags, request.owner, mark.texts({ add: claims }));
  return { tags, tagsMeanwhile, places, ...(missing.length + removable.length > 0 && { secrets: { set, remove: removable } }) };
}

/**
 * How the app must change so that nothing of ours is left in it. What the tags claim is taken out only under names that we could have written. Undefined when
 * nothing of ours is there. Secrets go last, when nothing reads them any more: it is asked again after each change.
 */
export function releaseChange(request: Pick<AppRequest, 'owner'>, { app, settings }: FoundSettings): AppChange | undefined {
  const mark = new TagMark(app.tags, request.owner);
  if (mark.isEmpty) return undefined;
  const places = settings.places.map((place) => placeChange(place, new Map(), mark)).filter(({ remove }) => remove.length > 0);
  const stale = staleSecrets(settings, mark);
  const detach = app.userAssigned.filter((id) => mayDetach(id, app, mark));
  if (places.length > 0)
    return { places, detach, tags: tagChanges(app.tags, request.owner, claimTexts(stale.map(secretClaim), request.owner)) };
  return {
    detach,
    tags: tagChanges(app.tags, request.owner, []),
    ...(stale.length > 0 && { secrets: settings.secretsMayGo ? { set: {}, remove: stale } : { set: blanked(stale), remove: [] } }),
  };
}

/** How the app must change so that all of ours stays and is nobody's. Undefined when nothing of ours is there. */
export function disowned(request: Pick<AppRequest, 'owner'>, app: HostedApp): AppChange | undefined {
  const tags = tagChanges(app.tags, request.owner, []);
  return tags && { tags };
}

/** Whether we attached an identity, and nobody else is known to need it on the app. */
export function mayDetach(id: string, app: HostedApp, mark: TagMark): boolean {
  const claim = identityClaim(id);
  return mark.has(claim) && !mark.isOthers(claim) && !app.namedIdentities.includes(id.toLowerCase());
}

/** What says in the tags that we attached an identity; `id` in any case. */
export function identityClaim(id: string): Claim {
  return { kind: 'identity', name: id.toLowerCase() };
}

/** A setting as it shall be, with the secret that it takes its value from, where the host has such. */
interface WantedValue {
  readonly digest: string;
  readonly value: SettingValue;
  readonly secret?: { readonly name: string; readonly text: string };
}

function wantedValues({ owner, keepsSecrets }: AppRequest, { values, secretNames }: WantedSettings): ReadonlyMap<string, WantedValue> {
  return new Map(
    Object.entries(values).map(([name, text]): [string, WantedValue] => {
      if (!keepsSecrets || !secretNames.has(name)) return [name, { digest: valueDigest(text), value: { text } }];
      const secretName = appSecretName(owner.uid, name, text);
      return [name, { digest: secretDigest(text), value: { secretName }, secret: { name: secretName, text } }];
    }),
  );
}

/** Another value has another name, because only a change of the template gives the running app the new value. */
function appSecretName(uid: string, setting: string, text: string): string {
  return `dba-${createHmac('sha256', uid).update(`${setting}\n${text}`).digest('hex').slice(0, 16)}`;
}

function chosenPlaces({ title, places, placesField }: AppRequest, found: readonly Place[]): readonly Place[] {
  const missing = places?.find((name) => found.every((place) => place.name !== name));
  if (missing !== undefined) {
    const there = found.map(({ name }) => name).join(', ');
    throw new ConnectionError(
      'waiting',
      'WorkloadNotFound',
      `${title} has no container "${missing}" (it has ${there}): correct ${placesField}`,
    );
  }
  return places ? found.filter(({ name }) => places.includes(name)) : found;
}

function refuseForeign(
  { title, adopt }: AppRequest,
  values: ReadonlyMap<string, WantedValue>,
  chosen: readonly Place[],
  mark: TagMark,
): void {
  for (const place of chosen) {
    for (const [name, wanted] of values) {
      const found = place.settings[name];
      const claim = claimOf(place, name);
      if (found === undefined || mark.has(claim)) continue;
      const isOthers = mark.isOthers(claim);
      // tags get lost; what is as we would write it can be claimed again
      if (!isOthers && (adopt || found === wanted.digest)) continue;
      const where = place.name === '' ? title : `container "${place.name}" of ${title}`;
      const whose = isOthers ? 'by another PasswordlessConnection' : 'by somebody else';
      const remedy = isOthers
        ? 'set another spec.output.prefix, or rename it'
        : 'remove it there, set another spec.output.prefix, or take it over with spec.output.adopt';
      throw new ConnectionError('waiting', 'SettingNotOwned', `${where} has the setting ${name}, written ${whose}: ${remedy}`);
    }
  }
}

function placeChange(place: Place, values: ReadonlyMap<string, WantedValue>, mark: TagMark): PlaceChange {
  const differing = [...values].filter(([name, { digest }]) => place.settings[name] !== digest);
  const remove = Object.keys(place.settings).filter((name) => !values.has(name) && !isLoaderName(name) && mark.has(claimOf(place, name)));
  return { name: place.name, set: Object.fromEntries(differing.map(([name, { value }]) => [name, value])), remove };
}

/** What has to stay holds nothing of worth afterwards; the service takes no empty value. */
function blanked(secrets: readonly string[]): Readonly<Record<string, SecretText>> {
  return Object.fromEntries(secrets.map((name) => [name, secretText('removed')]));
}

function uses({ set }: PlaceChange, secretName: string): boolean {
  return Object.values(set).some((value) => 'secretName' in value && value.secretName === secretName);
}

function staleSecrets({ secrets }: HostedSettings, mark: TagMark): readonly string[] {
  return secrets.filter((name) => mark.has(secretClaim(name)));
}

function claimOf({ name: place }: Place, name: string): Claim {
  return { kind: 'setting', place, name };
}

function secretClaim(name: string): Claim {
  return { kind: 'secret', name };
}
