import type { Clock } from '../runtime/clock.ts';
import { headOf, identitiesNamedIn, identityPatch, type Json, notUnderstood, objectIn, objectsIn, textIn } from './app-json.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import {
  type AppChange,
  type AppHost,
  type HostedSettings,
  type OpenApp,
  type Place,
  type PlaceChange,
  secretDigest,
  valueDigest,
} from './hosted-app.ts';
import { writeAndWait } from './long-write.ts';
import { type ResourceId, resourceKey, resourceName, resourcePath } from './resource-id.ts';
import { SharedReads } from './shared-reads.ts';
import { changedTags, tagsPatch } from './tag-mark.ts';

/** The version whose model @azure/arm-appcontainers 4.0.0 has. */
const apiVersion = '2026-07-01';

/** What was read stays good for this long. */
const keepMs = 5_000;

const type = 'Microsoft.App/containerApps';

/**
 * Container Apps. Reads and writes are raw JSON: a PATCH replaces arrays whole, so that one made of a model would lose each field of a container that the model
 * doesn't know; and every secret has to be sent again with its value when one of them changes.
 */
export function createContainerApps(arm: Arm, clock: Clock): AppHost {
  const reads = new SharedReads<Json | undefined>(clock, { keepMs });
  return { keepsSecrets: true, open };

  async function open(
    { id }: { readonly id: ResourceId },
    options: ArmOptions & { readonly fresh?: boolean },
  ): Promise<OpenApp | undefined> {
    if (options.fresh) reads.invalidate(resourceKey(id));
    const app = await reads.read(resourceKey(id), (o) => read(id, { ...options, ...o }), options);
    if (!app) return undefined;
    const { provisioningState, configuration, template } = objectIn(app['properties']);
    return {
      seen: {
        ...headOf(app),
        hasFailed: textIn(provisioningState) === 'Failed',
        isBusy: /^(InProgress|Updating|Deleting)$/i.test(textIn(provisioningState)),
        namedIdentities: identitiesNamedIn(configuration),
      },
      readSettings: (o) => readSettings(id, { configuration, template }, o),
      change: (change, o) => write(id, app, change, o),
    };
  }

  async function read(id: ResourceId, options: ArmOptions): Promise<Json | undefined> {
    const client = await arm.containerApps(id.subscriptionId);
    const found = await arm.find(
      call(id, 'read'),
      (callOptions) => arm.send(client, { method: 'GET', to: resourcePath(id), apiVersion }, callOptions),
      options,
    );
    return found && objectIn(found.json);
  }

  /** Values of secrets are asked for only when a container reads one of those that we make. */
  async function readSettings(
    id: ResourceId,
    { configuration, template }: { readonly configuration: unknown; readonly template: unknown },
    options: ArmOptions,
  ): Promise<HostedSettings> {
    const containers = objectsIn(objectIn(template)['containers']);
    const secrets = objectsIn(objectIn(configuration)['secrets']).map(({ name }) => textIn(name));
    const readsOurs = containers.some(({ env }) => objectsIn(env).some(({ secretRef }) => isOurSecretName(textIn(secretRef))));
    const values = readsOurs ? await listSecrets(id, options) : [];
    const secretValue = (name: string) => textIn(values.find((secret) => secret['name'] === name)?.['value']);
    // an older revision that runs may still read one, and then Azure is at its removal until it gives up: https://github.com/microsoft/azure-container-apps/issues/395
    const secretsMayGo = textIn(objectIn(configuration)['activeRevisionsMode']).toLowerCase() !== 'multiple';
    return { secrets, secretsMayGo, places: containers.map((container) => placeOf(container, secretValue)) };
  }

  async function write(id: ResourceId, app: Json, change: AppChange, options: ArmOptions): Promise<void> {
    const head = headOf(app);
    const body = {
      // the service wants it in every write
      location: app['location'],
      ...optional('tags', tagsPatch(head.tags, changedTags(head.tags, change.tags ?? {}))),
      ...optional('identity', identityPatch(head, change)),
      ...optional('properties', await propertiesPatch(id, app, change, options)),
    };
    const client = await arm.containerApps(id.subscriptionId);
    try {
      await writeAndWait(arm, clock, client, call(id, 'write'), { method: 'PATCH', to: resourcePath(id), apiVersion, body }, options);
    } finally {
      reads.invalidate(resourceKey(id));
    }
  }

  async function propertiesPatch(id: ResourceId, app: Json, change: AppChange, options: ArmOptions): Promise<Json | undefined> {
    const { template } = objectIn(app['properties']);
    const { places = [], secrets } = change;
    const patch = {
      ...(places.length > 0 && { template: { containers: changedContainers(id, template, places) } }),
      ...(secrets && { configuration: { secrets: changedSecrets(await listSecrets(id, options), secrets) } }),
    };
    return Object.keys(patch).length > 0 ? patch : undefined;
  }

  async function listSecrets(id: ResourceId, options: ArmOptions): Promise<readonly Json[]> {
    const client = await arm.containerApps(id.subscriptionId);
    const { json } = await arm.call(
      call(id, 'listSecrets/action'),
      (callOptions) => arm.send(client, { method: 'POST', to: `${resourcePath(id)}/listSecrets`, apiVersion }, callOptions),
      options,
    );
    const { value } = objectIn(json);
    if (!Array.isArray(value)) throw notUnderstood(`the secrets of ${described(id)}`);
    return objectsIn(value);
  }
}

/** Whether a secret has a name that we give. Whether it is ours stands in the tags. */
function isOurSecretName(name: string): boolean {
  return /^dba-[0-9a-f]{16}$/.test(name);
}

function placeOf({ name, env }: Json, secretValue: (name: string) => string): Place {
  const settings = objectsIn(env).map((each) => {
    const ref = textIn(each['secretRef']);
    if (ref === '') return [textIn(each['name']), valueDigest(textIn(each['value']))] as const;
    return [textIn(each['name']), isOurSecretName(ref) ? secretDigest(secretValue(ref)) : `secret named ${ref}`] as const;
  });
  return { name: textIn(name), settings: Object.fromEntries(settings) };
}

/** The containers with every field that they had; of their variables only those that the changes name are others. Throws ConnectionError. */
function changedContainers(id: ResourceId, template: unknown, changes: readonly PlaceChange[]): readonly Json[] {
  const containers = objectIn(template)['containers'];
  if (!Array.isArray(containers)) throw notUnderstood(described(id));
  return objectsIn(containers).map((container) => {
    const change = changes.find(({ name }) => name === container['name']);
    return change ? { ...container, env: changedVariables(objectsIn(container['env']), change) } : container;
  });
}

function changedVariables(env: readonly Json[], { set, remove }: PlaceChange): readonly Json[] {
  const isFirst = (each: Json, index: number) => env.findIndex(({ name }) => name === each['name']) === index;
  // a name that stands there twice keeps the app from starting
  const kept = env.filter(
    (each, index) => !remove.includes(textIn(each['name'])) && (!(textIn(each['name']) in set) || isFirst(each, index)),
  );
  const rendered = (name: string) => {
    const value = set[name]!;
    return 'text' in value ? { name, value: value.text } : { name, secretRef: value.secretName };
  };
  const replaced = kept.map((each) => (textIn(each['name']) in set ? rendered(textIn(each['name'])) : each));
  const added = Object.keys(set).filter((name) => kept.every((each) => each['name'] !== name));
  return [...replaced, ...added.map(rendered)];
}

function changedSecrets(all: readonly Json[], { set, remove }: NonNullable<AppChange['secrets']>): readonly Json[] {
  const kept = all.filter(({ name }) => !remove.includes(textIn(name)) && !(textIn(name) in set));
  return [...kept, ...Object.entries(set).map(([name, value]) => ({ name, value: value.reveal() }))];
}

function optional(name: string, value: unknown): Json {
  return value === undefined ? {} : { [name]: value };
}

function call(id: ResourceId, verb: 'read' | 'write' | 'listSecrets/action'): ArmCall {
  return { action: `${type}/${verb}`, what: described(id), subscriptionId: id.subscriptionId };
}

function described(id: ResourceId): string {
  return `container app "${resourceName(id)}"`;
}
