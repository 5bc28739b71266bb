import { createHash } from 'node:crypto';
import { ConnectionError } from '../api/connection-error.ts';
import { managedByLabel, operatorName } from '../api/names.ts';
import type { TargetType } from '../api/spec.ts';
import { parseResourceId, type ResourceId, resourceKey, resourceKinds, resourcePath } from '../azure/resource-id.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import { isAlreadyExists, isConflict } from '../runtime/status-error.ts';
import { type Mark, markText, parseMark } from '../targets/mark.ts';
import type { Cancellable, EndingRequest } from '../targets/target.ts';
import { type ConfigMap, configMaps } from './resources.ts';

/** An ended user that is still to be tidied away, after its connection is gone. */
export interface Tombstone {
  readonly type: TargetType;
  readonly request: EndingRequest;
}

/** One server that the operator has worked on. */
export interface LedgerEntry {
  readonly name: string;
  readonly serverId: ResourceId;
  readonly identifier: string;
  readonly tombstones: readonly Tombstone[];
}

/** How often a write is tried again that somebody else's write overtook. */
const maximumAttempts = 5;

const ledgerLabel = 'dbaccess.dev/ledger';
const attemptsExhausted = 'the ledger is being written by too many at once';

/**
 * What the operator must remember beside the databases: a ConfigMap for each server, in its own namespace, where no tenant writes.
 * It holds the server's identifier, so that another server under its name is noticed (threat-model S9), and tombstones.
 */
export class Ledger {
  readonly #client: KubeClient;
  readonly #namespace: string;
  /** Identifiers known to stand in the ledger, so that a pass at rest asks nobody. */
  readonly #known = new Map<string, string>();

  constructor(options: { readonly client: KubeClient; readonly namespace: string }) {
    this.#client = options.client;
    this.#namespace = options.namespace;
  }

  /** Whether the operator ever worked on this server. */
  async knows(serverId: ResourceId, { signal }: Cancellable): Promise<boolean> {
    return this.#known.has(resourceKey(serverId)) || (await this.#read(ledgerName(serverId), { signal })) !== undefined;
  }

  /** Remembers a server at its first use. Throws WrongServer when another one answers under its name now. */
  async rememberServer(serverId: ResourceId, identifier: string, { signal }: Cancellable): Promise<void> {
    const key = resourceKey(serverId);
    if (!this.#known.has(key)) {
      const entry = await this.#read(ledgerName(serverId), { signal });
      this.#known.set(key, entry?.data?.['identifier'] ?? (await this.#create(serverId, identifier, { signal })));
    }
    if (this.#known.get(key) === identifier) return;
    this.#known.delete(key);
    throw new ConnectionError(
      'waiting',
      'WrongServer',
      `another server than before answers under the name of this one, so nothing was done: check DNS; if the server was restored, ask the platform team to delete ConfigMap ${this.#namespace}/${ledgerName(serverId)}`,
    );
  }

  /** Keeps in mind that a user is still to be tidied. */
  async bury(tombstone: Tombstone, { signal }: Cancellable): Promise<void> {
    const { serverId, mark } = tombstone.request;
    await this.#change(ledgerName(serverId), (data) => ({ ...data, [tombstoneKey(mark)]: JSON.stringify(written(tombstone)) }), { signal });
  }

  /** Forgets a tombstone. Succeeds when it is gone. */
  async exhume(tombstone: Tombstone, { signal }: Cancellable): Promise<void> {
    const { serverId, mark } = tombstone.request;
    const without = (data: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(data).filter(([key]) => key !== tombstoneKey(mark)));
    await this.#change(ledgerName(serverId), without, { signal });
  }

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

  async #read(name: string, { signal }: Cancellable): Promise<ConfigMap | undefined> {
    return await this.#client.get(configMaps, { namespace: this.#namespace, name }, { signal });
  }

  async #create(serverId: ResourceId, identifier: string, { signal }: Cancellable): Promise<string> {
    const name = ledgerName(serverId);
    const metadata = { name, namespace: this.#namespace, labels: { [ledgerLabel]: 'server', [managedByLabel]: operatorName } };
    const data = { server: resourcePath(serverId), kind: serverId.kind, identifier };
    try {
      await this.#client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, { signal });
      return identifier;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return (await this.#read(name, { signal }))?.data?.['identifier'] ?? identifier;
    }
  }

  async #change(
    name: string,
    change: (data: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
    { signal }: Cancellable,
  ): Promise<void> {
    for (let attempt = 1; attempt <= maximumAttempts; attempt += 1) {
      const found = await this.#read(name, { signal });
      if (!found) return;
      try {
        await this.#client.replace(configMaps, { ...found, data: change(found.data ?? {}) }, { signal });
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
    throw new ConnectionError('retry', 'KubernetesError', attemptsExhausted);
  }
}

function ledgerName(serverId: ResourceId): string {
  return `ledger-${createHash('sha256').update(resourceKey(serverId)).digest('hex').slice(0, 16)}`;
}

function tombstoneKey(mark: Mark): string {
  return `tombstone.${mark.uid}`;
}

interface WrittenTombstone {
  readonly type: TargetType;
  readonly database: string;
  readonly userName: string;
  readonly mark: string;
}

function written({ type, request }: Tombstone): WrittenTombstone {
  return { type, database: request.database, userName: request.userName, mark: markText(request.mark) };
}

function entryOf(item: ConfigMap): LedgerEntry | undefined {
  const { server, kind, identifier } = item.data ?? {};
  if (!server || !identifier || !kind || !(kind in resourceKinds)) return undefined;
  const parsed = parseResourceId(server, kind as keyof typeof resourceKinds);
  if (!parsed.ok) return undefined;
  const serverId = parsed.id;
  const tombstones = Object.entries(item.data ?? {})
    .filter(([key]) => key.startsWith('tombstone.'))
    .flatMap(([, text]) => tombstoneOf(serverId, text) ?? []);
  return { name: item.metadata.name, serverId, identifier, tombstones };
}

function tombstoneOf(serverId: ResourceId, text: string): Tombstone | undefined {
  const { type, database, userName, mark: markWritten } = JSON.parse(text) as WrittenTombstone;
  const mark = parseMark(markWritten);
  return mark && { type, request: { serverId, database, userName, mark } };
}
