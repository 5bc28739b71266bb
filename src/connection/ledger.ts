import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ConnectionError } from '../api/connection-error.ts';
import { managedByLabel, operatorName } from '../api/names.ts';
import type { TargetType } from '../api/spec.ts';
import { parseResourceId, type ResourceId, resourceKey, resourceKinds, resourcePath } from '../azure/resource-id.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../runtime/status-error.ts';
import { type Mark, markText, parseMark } from '../targets/mark.ts';
import type { Cancellable, EndingRequest } from '../targets/target.ts';
import type { UserNote, UserNoteChange, UserNotes } from '../targets/user-notes.ts';
import { type FirewallRule, parseFirewallRule } from './firewall-rule.ts';
import { notesIn, withNotes } from './ledger-notes.ts';
import { type ConfigMap, configMaps } from './resources.ts';

/** A user that is still to be ended or tidied away, after its connection is gone. */
export interface Tombstone {
  readonly type: TargetType;
  readonly request: EndingRequest;
  /** Whether only login and sessions end, and rights and what the user owns stay. */
  readonly keeps?: boolean;
}

/** One server that the operator has worked on. */
export interface LedgerEntry {
  readonly serverId: ResourceId;
  /** What Events about the server as a whole regard: only the platform team looks there. */
  readonly configMap: ConfigMap;
  /** Object ids of its Entra administrators when it was last looked at. */
  readonly administratorIds: readonly string[];
  readonly tombstones: readonly Tombstone[];
  /** Databases with users of their own that the operator has looked at; none where users belong to the server. */
  readonly databases: readonly string[];
  /** The last temporary firewall rule. */
  readonly firewallRule: FirewallRule | undefined;
}

type Data = Readonly<Record<string, string>>;

/** How often a write is tried again that somebody else's write overtook. */
const maximumAttempts = 5;

const firewallRuleKey = 'firewallRule';
const ledgerLabel = 'dbaccess.dev/ledger';
const attemptsExhausted = 'the ledger is being written by too many at once';

/**
 * What the operator must remember beside the databases: a ConfigMap for each server, in its own namespace, where no tenant writes.
 * It holds the server's identifier, so that another server under its name is noticed (threat-model S9), its administrators, databases, tombstones, notes of users, and its last temporary firewall rule.
 */
export class Ledger {
  readonly #client: KubeClient;
  readonly #namespace: string;
  /** Administrators by the server's key, as the ledger has them; read when they are first asked for. */
  #administrators: Map<string, readonly string[]> | undefined;
  /** Identifiers known to stand in the ledger, so that a pass at rest asks nobody. */
  readonly #known = new Map<string, string>();
  /** Databases known to stand in the ledger, by the server's key. */
  readonly #databases = new Map<string, Set<string>>();
  /** Notes of users by the server's key, as the ledger has them; read when they are first asked for. */
  readonly #notes = new Map<string, ReadonlyMap<string, UserNote>>();

  constructor(options: { readonly client: KubeClient; readonly namespace: string }) {
    this.#client = options.client;
    this.#namespace = options.namespace;
  }

  /** Whether the operator ever worked on this server. What it did since it started it knows also when somebody removed the ConfigMap. */
  async knows(serverId: ResourceId, { signal }: Cancellable): Promise<boolean> {
    const key = resourceKey(serverId);
    if (this.#known.has(key) || this.#administrators?.has(key)) return true;
    return (await this.#read(ledgerName(serverId), { signal })) !== undefined;
  }

  /**
   * Remembers the object ids of a server's administrators, and answers those of all servers in the ledger. They are needed before the operator has looked at
   * each server again after a start (threat-model I1). From then on the server is known.
   */
  async rememberAdministrators(serverId: ResourceId, ids: readonly string[], { signal }: Cancellable): Promise<readonly string[]> {
    const all = await this.#readAdministrators({ signal });
    const key = resourceKey(serverId);
    const sorted = ids.toSorted();
    if (!isDeepStrictEqual(all.get(key), sorted)) {
      await this.#change(serverId, (data) => ({ ...data, administrators: sorted.join(' ') }), { signal });
      all.set(key, sorted);
    }
    return [...all.values()].flat();
  }

  /** Remembers a server at its first use, and a database where that has users of its own. Throws WrongServer when another server answers under its name now. */
  async rememberServer(
    serverId: ResourceId,
    identifier: string,
    { database, signal }: Cancellable & { readonly database?: string | undefined },
  ): Promise<void> {
    const key = resourceKey(serverId);
    const databases = this.#databases.get(key) ?? new Set();
    if (!this.#known.has(key) || (database !== undefined && !databases.has(database))) {
      const more = database === undefined ? {} : { [databaseKey(database)]: database };
      const { identifier: before = identifier } = await this.#change(serverId, (data) => ({ identifier, ...data, ...more }), { signal });
      this.#known.set(key, before);
      if (database !== undefined) this.#databases.set(key, databases.add(database));
    }
    if (this.#known.get(key) === identifier) return;
    this.#known.delete(key);
    throw new ConnectionError(
      'waiting',
      'WrongServer',
      `another server than before answers under the name of this one, so nothing was done: check DNS; if the server was restored, ask the platform team to take identifier, and nothing else, out of ConfigMap ${this.#namespace}/${ledgerName(serverId)}`,
    );
  }

  /** Forgets a database: it is gone, or has no users of ours any more. */
  async forgetDatabase(serverId: ResourceId, database: string, { signal }: Cancellable): Promise<void> {
    this.#databases.get(resourceKey(serverId))?.delete(database);
    const without = (data: Data) => Object.fromEntries(Object.entries(data).filter(([key]) => key !== databaseKey(database)));
    await this.#change(serverId, without, { signal });
  }

  /** The server's last temporary firewall rule. */
  async readFirewallRule(serverId: ResourceId, { signal }: Cancellable): Promise<FirewallRule | undefined> {
    return parseFirewallRule((await this.#read(ledgerName(serverId), { signal }))?.data?.[firewallRuleKey]);
  }

  /** Remembers a server's temporary firewall rule; undefined forgets it. */
  async writeFirewallRule(serverId: ResourceId, rule: FirewallRule | undefined, { signal }: Cancellable): Promise<void> {
    const change = ({ [firewallRuleKey]: _before, ...data }: Data) => (rule ? { ...data, [firewallRuleKey]: JSON.stringify(rule) } : data);
    await this.#change(serverId, change, { signal });
  }

  /** Keeps in mind that a user is still to be tidied. */
  async bury(tombstone: Tombstone, { signal }: Cancellable): Promise<void> {
    const { serverId, mark } = tombstone.request;
    await this.#change(serverId, (data) => ({ ...data, [tombstoneKey(mark)]: JSON.stringify(written(tombstone)) }), { signal });
  }

  /** Forgets a tombstone. Succeeds when it is gone. */
  async exhume(tombstone: Tombstone, { signal }: Cancellable): Promise<void> {
    const { serverId, mark } = tombstone.request;
    const without = (data: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(data).filter(([key]) => key !== tombstoneKey(mark)));
    await this.#change(serverId, without, { signal });
  }

  /** What engines remember of users beside their servers. What was read stays in memory: nobody else writes notes. */
  readonly userNotes: UserNotes = {
    read: (serverId, options) => this.#readNotes(serverId, options),
    write: (serverId, changes, options) => this.#writeNotes(serverId, changes, options),
  };

  /** All entries that can be read. */
  async *entries({ signal }: Cancellable): AsyncGenerator<LedgerEntry> {
    const options = { namespace: this.#namespace, labelSelector: `${ledgerLabel}=server`, signal };
    for await (const { items } of this.#client.listPages(configMaps, options)) {
      for (const item of items) {
        const entry = entryOf(item);
        if (entry) yield entry;
      }
    }
  }

  async #readAdministrators({ signal }: Cancellable): Promise<Map<string, readonly string[]>> {
    if (!this.#administrators) {
      const read = new Map<string, readonly string[]>();
      for await (const { serverId, administratorIds } of this.entries({ signal })) read.set(resourceKey(serverId), administratorIds);
      // two may have read at the same time
      this.#administrators ??= read;
    }
    return this.#administrators;
  }

  async #readNotes(serverId: ResourceId, { signal }: Cancellable): Promise<ReadonlyMap<string, UserNote>> {
    const key = resourceKey(serverId);
    const read = this.#notes.get(key) ?? notesIn((await this.#read(ledgerName(serverId), { signal }))?.data ?? {});
    // somebody may have written meanwhile
    const notes = this.#notes.get(key) ?? read;
    this.#notes.set(key, notes);
    return notes;
  }

  async #writeNotes(serverId: ResourceId, changes: readonly UserNoteChange[], { signal }: Cancellable): Promise<void> {
    const known = await this.#readNotes(serverId, { signal });
    // a ConfigMap that somebody removed gets back what stood there
    const all = [...[...known].map(([userName, note]) => ({ userName, note })), ...changes];
    const data = await this.#change(serverId, (before) => withNotes(before, isNew(before) ? all : changes), { signal });
    this.#notes.set(resourceKey(serverId), notesIn(data));
  }

  async #read(name: string, { signal }: Cancellable): Promise<ConfigMap | undefined> {
    return await this.#client.get(configMaps, { namespace: this.#namespace, name }, { signal });
  }

  async #create(serverId: ResourceId, data: Data, { signal }: Cancellable): Promise<void> {
    const labels = { [ledgerLabel]: 'server', [managedByLabel]: operatorName };
    const metadata = { name: ledgerName(serverId), namespace: this.#namespace, labels };
    const whose = { server: resourcePath(serverId), kind: serverId.kind };
    await this.#client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { ...data, ...whose } }, { signal });
  }

  /** Changes an entry, which is made anew if somebody removed it, and answers what it holds then. Writes nothing that stands there already. */
  async #change(serverId: ResourceId, change: (data: Data) => Data, { signal }: Cancellable): Promise<Data> {
    for (let attempt = 1; attempt <= maximumAttempts; attempt += 1) {
      const found = await this.#read(ledgerName(serverId), { signal });
      const before = found?.data ?? {};
      const data = change(before);
      if (isDeepStrictEqual(data, before)) return data;
      try {
        if (found) await this.#client.replace(configMaps, { ...found, data }, { signal });
        else await this.#create(serverId, data, { signal });
        return data;
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error) && !isAlreadyExists(error)) throw error;
      }
    }
    throw new ConnectionError('retry', 'KubernetesError', attemptsExhausted);
  }
}

function isNew(data: Data): boolean {
  return Object.keys(data).length === 0;
}

function ledgerName(serverId: ResourceId): string {
  return `ledger-${createHash('sha256').update(resourceKey(serverId)).digest('hex').slice(0, 16)}`;
}

function tombstoneKey(mark: Mark): string {
  return `tombstone.${mark.uid}`;
}

/** Names of databases have characters that keys can't have. */
function databaseKey(name: string): string {
  return `database.${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

interface WrittenTombstone {
  readonly type: TargetType;
  readonly database: string;
  readonly userName: string;
  readonly mark: string;
  readonly keeps?: boolean;
  readonly knownTriggers?: readonly string[];
  readonly retiredOwner?: string;
  readonly ownerCredentialsSecretName?: string;
}

function written({ type, request, keeps }: Tombstone): WrittenTombstone {
  const { database, userName, mark, knownTriggers, retiredOwner, ownerCredentialsSecretName } = request;
  return {
    type,
    database,
    userName,
    mark: markText(mark),
    ...(keeps && { keeps }),
    ...(knownTriggers && { knownTriggers }),
    ...(retiredOwner && { retiredOwner }),
    ...(ownerCredentialsSecretName && { ownerCredentialsSecretName }),
  };
}

function entryOf(item: ConfigMap): LedgerEntry | undefined {
  const { server, kind, administrators } = item.data ?? {};
  if (!server || !kind || !(kind in resourceKinds)) return undefined;
  const parsed = parseResourceId(server, kind as keyof typeof resourceKinds);
  if (!parsed.ok) return undefined;
  const serverId = parsed.id;
  const tombstones = Object.entries(item.data ?? {})
    .filter(([key]) => key.startsWith('tombstone.'))
    .flatMap(([, text]) => tombstoneOf(serverId, text) ?? []);
  const administratorIds = administrators ? administrators.split(' ') : [];
  const databases = Object.entries(item.data ?? {}).flatMap(([key, name]) => (key === databaseKey(name) ? [name] : []));
  const firewallRule = parseFirewallRule(item.data?.[firewallRuleKey]);
  return { serverId, configMap: item, administratorIds, tombstones, databases, firewallRule };
}

function tombstoneOf(serverId: ResourceId, text: string): Tombstone | undefined {
  const { type, database, userName, mark: markWritten, keeps, ...words } = readWritten(text);
  const { knownTriggers, retiredOwner, ownerCredentialsSecretName } = words;
  const mark = parseMark(markWritten);
  if (!mark || !type || !database || !userName) return undefined;
  const setup = {
    ...(Array.isArray(knownTriggers) && { knownTriggers }),
    ...(retiredOwner && { retiredOwner }),
    ...(ownerCredentialsSecretName && { ownerCredentialsSecretName }),
  };
  return { type, request: { serverId, database, userName, mark, ...setup }, ...(keeps === true && { keeps }) };
}

/** One that somebody spoilt must not keep the others from being read. */
function readWritten(text: string): Partial<WrittenTombstone> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
