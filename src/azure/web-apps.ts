import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../runtime/clock.ts';
import { headOf, identityPatch, type Json, notUnderstood, objectIn, textsIn } from './app-json.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import {
  type AppAddress,
  type AppChange,
  type AppHost,
  type HostedSettings,
  type OpenApp,
  type PlaceChange,
  valueDigest,
} from './hosted-app.ts';
import { writeAndWait } from './long-write.ts';
import { resourceName, resourcePath } from './resource-id.ts';
import { SharedReads } from './shared-reads.ts';
import { changedTags, tagsPatch } from './tag-mark.ts';

/** The version whose model @azure/arm-appservice 19.0.0 has. */
const apiVersion = '2025-05-01';

/** What was read stays good for this long. */
const keepMs = 5_000;

/** Web and function apps of App Service, and their slots. Settings can only be written all together, so that they are read again just before. */
export function createWebApps(arm: Arm, clock: Clock): AppHost {
  const reads = new SharedReads<Json | undefined>(clock, { keepMs });
  const settingsReads = new SharedReads<HostedSettings>(clock, { keepMs });
  return { keepsSecrets: false, open };

  async function open(address: AppAddress, options: ArmOptions & { readonly fresh?: boolean }): Promise<OpenApp | undefined> {
    const key = pathOf(address).toLowerCase();
    if (options.fresh) forget(address);
    const site = await reads.read(key, (o) => read(address, { ...options, ...o }), options);
    if (!site) return undefined;
    const head = headOf(site);
    return {
      seen: { ...head, isBusy: false, hasFailed: false, namedIdentities: namedIdentities(site) },
      readSettings: (o) => settingsReads.read(key, (shared) => readSettings(address, { ...o, ...shared }), o),
      change: (change, o) => write(address, site, change, o),
    };
  }

  function forget(address: AppAddress): void {
    const key = pathOf(address).toLowerCase();
    reads.invalidate(key);
    settingsReads.invalidate(key);
  }

  async function readSettings(address: AppAddress, options: ArmOptions): Promise<HostedSettings> {
    return { places: [placeOf(await listSettings(address, options))], secrets: [], secretsMayGo: true };
  }

  async function read(address: AppAddress, options: ArmOptions): Promise<Json | undefined> {
    const client = await arm.webApps(address.id.subscriptionId);
    const found = await arm.find(
      call(address, 'read'),
      (callOptions) => arm.send(client, { method: 'GET', to: pathOf(address), apiVersion }, callOptions),
      options,
    );
    return found && objectIn(found.json);
  }

  async function listSettings(address: AppAddress, options: ArmOptions): Promise<Readonly<Record<string, string>>> {
    const client = await arm.webApps(address.id.subscriptionId);
    const { json } = await arm.call(
      call(address, 'config/list/action'),
      (callOptions) => arm.send(client, { method: 'POST', to: `${pathOf(address)}/config/appsettings/list`, apiVersion }, callOptions),
      options,
    );
    const { properties } = objectIn(json);
    const settings = textsIn(properties);
    // what can't be read would be lost with the write
    if (Object.keys(settings).length !== Object.keys(objectIn(properties)).length)
      throw notUnderstood(`the settings of ${described(address)}`);
    return settings;
  }

  /** Between the first and the last of these writes the tags claim both what was ours and what will be. */
  async function write(address: AppAddress, site: Json, change: AppChange, options: ArmOptions): Promise<void> {
    const head = headOf(site);
    const identity = identityPatch(head, change);
    const changes = (change.places ?? []).filter(({ set, remove }) => Object.keys(set).length + remove.length > 0);
    const last = change.tags ? changedTags(head.tags, change.tags) : head.tags;
    const first = changes.length > 0 ? changedTags(head.tags, change.tagsMeanwhile ?? {}) : last;
    try {
      if (identity || !isDeepStrictEqual(first, head.tags)) {
        const tags = tagsPatch(head.tags, first);
        await patchSite(address, { ...(identity && { identity }), ...(tags && { tags }) }, options);
      }
      for (const each of changes) await writeSettings(address, each, options);
      const tags = tagsPatch(first, last);
      if (tags) await patchSite(address, { tags }, options);
    } finally {
      forget(address);
    }
  }

  async function patchSite(address: AppAddress, body: Json, options: ArmOptions): Promise<void> {
    const client = await arm.webApps(address.id.subscriptionId);
    await writeAndWait(arm, clock, client, call(address, 'write'), { method: 'PATCH', to: pathOf(address), apiVersion, body }, options);
  }

  async function writeSettings(address: AppAddress, { set, remove }: PlaceChange, options: ArmOptions): Promise<void> {
    const found = await listSettings(address, options);
    const kept = Object.entries(found).filter(([name]) => !remove.includes(name));
    const written = Object.entries(set).map(([name, value]) => [name, 'text' in value ? value.text : ''] as const);
    const body = { properties: Object.fromEntries([...kept, ...written]) };
    const client = await arm.webApps(address.id.subscriptionId);
    const to = `${pathOf(address)}/config/appsettings`;
    await writeAndWait(arm, clock, client, call(address, 'config/write'), { method: 'PUT', to, apiVersion, body }, options);
  }
}

/** Where the app, or its slot, is in ARM. */
function pathOf({ id, part }: AppAddress): string {
  return part === undefined ? resourcePath(id) : `${resourcePath(id)}/slots/${part}`;
}

function placeOf(settings: Readonly<Record<string, string>>) {
  return { name: '', settings: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, valueDigest(value)])) };
}

/** The identity with which the platform itself reads Key Vault and the registry. */
function namedIdentities({ properties }: Json): readonly string[] {
  const { keyVaultReferenceIdentity } = objectIn(properties);
  return typeof keyVaultReferenceIdentity === 'string' ? [keyVaultReferenceIdentity.toLowerCase()] : [];
}

function call(address: AppAddress, verb: 'read' | 'write' | 'config/list/action' | 'config/write'): ArmCall {
  const slot = address.part === undefined ? '' : '/slots';
  return { action: `Microsoft.Web/sites${slot}/${verb}`, what: described(address), subscriptionId: address.id.subscriptionId };
}

function described({ id, part }: AppAddress): string {
  return part === undefined ? `web app "${resourceName(id)}"` : `slot "${part}" of web app "${resourceName(id)}"`;
}
