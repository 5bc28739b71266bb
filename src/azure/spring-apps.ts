import type { Clock } from '../runtime/clock.ts';
import { headOf, identityPatch, type Json, objectIn, objectsIn, textIn, textsIn } from './app-json.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import { type AppAddress, type AppChange, type AppHost, type OpenApp, type PlaceChange, valueDigest } from './hosted-app.ts';
import type { JsonRequest } from './json-request.ts';
import { writeAndWait } from './long-write.ts';
import { resourceName, resourcePath } from './resource-id.ts';
import { SharedReads } from './shared-reads.ts';
import type { TagChanges, Tags } from './tag-mark.ts';

/** The first version with user-assigned identities; the model of @azure/arm-appplatform 2.0.0 is older and knows only the app's own. */
const apiVersion = '2023-12-01';

/** What was read stays good for this long. */
const keepMs = 5_000;

/** An app has few deployments. */
const maximumPages = 20;

interface FoundApp {
  readonly app: Json;
  /** Where the deployment is in ARM, with the service's own spelling of its name. */
  readonly path: string;
  /** Of the deployment. */
  readonly state: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Azure Spring Apps, which Azure retires in March 2028. An app has no tags there, so that a variable of the deployment stands for each: DBACCESS_…, which nothing
 * but we reads.
 */
export function createSpringApps(arm: Arm, clock: Clock): AppHost {
  const reads = new SharedReads<FoundApp | undefined>(clock, { keepMs });
  return { keepsSecrets: false, open };

  async function open(address: AppAddress, options: ArmOptions & { readonly fresh?: boolean }): Promise<OpenApp | undefined> {
    const key = keyOf(address);
    if (options.fresh) reads.invalidate(key);
    const found = await reads.read(key, (o) => read(address, { ...options, ...o }), options);
    if (!found) return undefined;
    const { app, state, variables } = found;
    const settings = Object.entries(variables).filter(([name]) => !isTagVariable(name));
    return {
      seen: {
        ...headOf(app),
        hasFailed: state === 'Failed',
        isBusy: [textIn(objectIn(app['properties'])['provisioningState']), state].some(isUnderway),
        namedIdentities: [],
        tags: tagsIn(variables),
      },
      readSettings: async () => ({
        places: [{ name: '', settings: Object.fromEntries(settings.map(([name, value]) => [name, valueDigest(value)])) }],
        secrets: [],
        secretsMayGo: true,
      }),
      change: (change, o) => write(address, found, change, o),
    };
  }

  async function read(address: AppAddress, options: ArmOptions): Promise<FoundApp | undefined> {
    const path = resourcePath(address.id);
    const app = await get(address, { to: path, apiVersion }, 'read', options);
    if (!app) return undefined;
    const deployment = await readDeployment(address, `${path}/deployments`, options);
    if (!deployment || !isName(textIn(deployment['name']))) return undefined;
    const { deploymentSettings, provisioningState } = objectIn(deployment['properties']);
    return {
      app,
      path: `${path}/deployments/${textIn(deployment['name'])}`,
      state: textIn(provisioningState),
      variables: textsIn(objectIn(deploymentSettings)['environmentVariables']),
    };
  }

  /** The deployment that is named, or else the active one. */
  async function readDeployment(address: AppAddress, path: string, options: ArmOptions): Promise<Json | undefined> {
    if (address.part !== undefined) return await get(address, { to: `${path}/${address.part}`, apiVersion }, 'deployments/read', options);
    let page = await get(address, { to: path, apiVersion }, 'deployments/read', options);
    for (let count = 1; page && count <= maximumPages; count += 1) {
      const active = objectsIn(page['value']).find(({ properties }) => objectIn(properties)['active'] === true);
      const next = textIn(page['nextLink']);
      if (active || next === '') return active;
      page = await get(address, { to: next }, 'deployments/read', options);
    }
    return undefined;
  }

  async function get(
    address: AppAddress,
    request: Pick<JsonRequest, 'to' | 'apiVersion'>,
    action: Verb,
    options: ArmOptions,
  ): Promise<Json | undefined> {
    const client = await arm.springApps(address.id.subscriptionId);
    const found = await arm.find(
      call(address, action),
      (callOptions) => arm.send(client, { method: 'GET', ...request }, callOptions),
      options,
    );
    return found && objectIn(found.json);
  }

  async function write(address: AppAddress, { app, path, variables }: FoundApp, change: AppChange, options: ArmOptions): Promise<void> {
    const client = await arm.springApps(address.id.subscriptionId);
    const patch = (to: string, action: Verb, body: Json) =>
      writeAndWait(arm, clock, client, call(address, action), { method: 'PATCH', to, apiVersion, body }, options);
    const identity = identityPatch(headOf(app), change);
    const places = (change.places ?? []).filter(({ set, remove }) => Object.keys(set).length + remove.length > 0);
    const writeIdentity = async () => {
      if (identity) await patch(resourcePath(address.id), 'write', { identity });
    };
    const writeVariables = async () => {
      if (places.length === 0 && !change.tags) return;
      const environmentVariables = changedVariables(variables, places, change.tags ?? {});
      await patch(path, 'deployments/write', { properties: { deploymentSettings: { environmentVariables } } });
    };
    try {
      // what says that an identity is ours stands there before it does, and goes after it
      for (const write of change.attach ? [writeVariables, writeIdentity] : [writeIdentity, writeVariables]) await write();
    } finally {
      reads.invalidate(keyOf(address));
    }
  }
}

function isUnderway(state: string): boolean {
  return /^(Creating|Updating|Deleting)$/i.test(state);
}

/** Whether a text may be part of a path: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
function isName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9-]{0,30}[A-Za-z0-9]$/.test(text);
}

/** All variables, since the service takes those that it is given for all. */
function changedVariables(
  variables: Readonly<Record<string, string>>,
  places: readonly PlaceChange[],
  tags: TagChanges,
): Readonly<Record<string, string>> {
  const removed = new Set([...places.flatMap(({ remove }) => remove), ...Object.keys(tags).map(tagVariable)]);
  const kept = Object.entries(variables).filter(([name]) => !removed.has(name));
  const set = places.flatMap((place) => Object.entries(place.set).map(([name, value]) => [name, 'text' in value ? value.text : '']));
  const marks = Object.entries(tags).flatMap(([name, value]) => (value === null ? [] : [[tagVariable(name), value]]));
  return Object.fromEntries([...kept, ...set, ...marks]);
}

/** Variables have no dashes, and tags of ours no capitals. */
function tagVariable(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

function isTagVariable(name: string): boolean {
  return /^DBACCESS_[0-9A-F]{16}_[0-9A-F]{16}(_\d+)?$/.test(name);
}

function tagsIn(variables: Readonly<Record<string, string>>): Tags {
  const marks = Object.entries(variables).filter(([name]) => isTagVariable(name));
  return Object.fromEntries(marks.map(([name, value]) => [name.toLowerCase().replaceAll('_', '-'), value]));
}

function keyOf({ id, part = '' }: AppAddress): string {
  return `${resourcePath(id)} ${part}`.toLowerCase();
}

type Verb = 'read' | 'write' | 'deployments/read' | 'deployments/write';

function call({ id }: AppAddress, verb: Verb): ArmCall {
  return {
    action: `Microsoft.AppPlatform/Spring/apps/${verb}`,
    what: `Spring app "${resourceName(id)}"`,
    subscriptionId: id.subscriptionId,
  };
}
