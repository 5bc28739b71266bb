import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../runtime/clock.ts';
import { Serial } from '../runtime/serial.ts';
import type { Arm, ArmOptions } from './arm.ts';
import {
  deleteFederatedCredential,
  type FederatedCredential,
  listFederatedCredentials,
  putFederatedCredential,
} from './federated-credentials.ts';
import { type FoundIdentity, findIdentityByClientId, readIdentity } from './identities.ts';
import { listAdministrators, type PostgresAdministrator, type PostgresServer, readServer } from './postgres-servers.ts';
import { type ResourceId, resourceKey } from './resource-id.ts';
import { SharedReads } from './shared-reads.ts';

/** What was read stays good for this long: enough for all connections of a server that are looked at together, too little to hide a change from the next pass. */
const keepMs = 5_000;

/** The reads of Azure that connections share, and the writes that make them stale. All throw ConnectionError. */
export interface AzureCalls {
  readIdentity(id: ResourceId, options: ArmOptions): Promise<FoundIdentity | undefined>;
  findIdentityByClientId(subscriptionId: string, clientId: string, options: ArmOptions): Promise<FoundIdentity | undefined>;
  /** Empty when the identity isn't there. */
  listFederatedCredentials(id: ResourceId, options: ArmOptions): Promise<readonly FederatedCredential[]>;
  putFederatedCredential(id: ResourceId, credential: FederatedCredential, options: ArmOptions): Promise<void>;
  /** Succeeds when the credential or its identity is gone. */
  deleteFederatedCredential(id: ResourceId, name: string, options: ArmOptions): Promise<void>;
  readServer(id: ResourceId, options: ArmOptions): Promise<PostgresServer | undefined>;
  listAdministrators(id: ResourceId, options: ArmOptions): Promise<readonly PostgresAdministrator[] | undefined>;
}

/** Reads through caches of some seconds, shared by everybody who asks for the same. */
export function createAzureCalls(arm: Arm, clock: Clock): AzureCalls {
  const identities = new SharedReads<FoundIdentity | undefined>(clock, { keepMs });
  const credentials = new SharedReads<readonly FederatedCredential[] | undefined>(clock, { keepMs });
  /** Azure refuses writes to the credentials of one identity side by side. */
  const writers = new Serial();
  const servers = new SharedReads<PostgresServer | undefined>(clock, { keepMs });
  const administrators = new SharedReads<readonly PostgresAdministrator[] | undefined>(clock, { keepMs });

  const listCredentials = async (id: ResourceId, options: ArmOptions) =>
    (await credentials.read(resourceKey(id), (o) => listFederatedCredentials(arm, id, { ...options, ...o }), options)) ?? [];

  /** Puts what was written in place of what was read, so that not everybody who waits for the list reads it anew. One that failed may have been carried out all the same. */
  const writing = async (id: ResourceId, name: string, write: () => Promise<void>, written: readonly FederatedCredential[]) => {
    try {
      await write();
    } catch (error) {
      credentials.invalidate(resourceKey(id));
      throw error;
    }
    credentials.update(resourceKey(id), (list) => [...(list ?? []).filter((each) => each.name !== name), ...written]);
  };

  return {
    readIdentity: (id, options) => identities.read(resourceKey(id), (o) => readIdentity(arm, id, { ...options, ...o }), options),
    findIdentityByClientId: (subscriptionId, clientId, options) =>
      identities.read(
        `${subscriptionId} ${clientId}`.toLowerCase(),
        (o) => findIdentityByClientId(arm, subscriptionId, clientId, { ...options, ...o }),
        options,
      ),
    listFederatedCredentials: listCredentials,
    putFederatedCredential: async (id, credential, options) => {
      // connections of one service account want the same at the same time
      const put = async () => {
        const kept = (await listCredentials(id, options)).find(({ name }) => name === credential.name);
        if (isDeepStrictEqual(kept, credential)) return;
        await writing(id, credential.name, () => putFederatedCredential(arm, id, credential, options), [credential]);
      };
      await writers.run(resourceKey(id), put, options);
    },
    deleteFederatedCredential: async (id, name, options) => {
      const remove = () => writing(id, name, () => deleteFederatedCredential(arm, id, name, options), []);
      await writers.run(resourceKey(id), remove, options);
    },
    readServer: (id, options) => servers.read(resourceKey(id), (o) => readServer(arm, id, { ...options, ...o }), options),
    listAdministrators: (id, options) =>
      administrators.read(resourceKey(id), (o) => listAdministrators(arm, id, { ...options, ...o }), options),
  };
}
