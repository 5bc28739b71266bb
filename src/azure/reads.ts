import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../runtime/clock.ts';
import { Serial } from '../runtime/serial.ts';
import type { Arm, ArmOptions } from './arm.ts';
import type { TokenIds } from './credential.ts';
import {
  deleteFederatedCredential,
  type FederatedCredential,
  listFederatedCredentials,
  putFederatedCredential,
} from './federated-credentials.ts';
import { deleteFirewallRule, listFirewallRules, putFirewallRule } from './firewall-rules.ts';
import { createIdentity, deleteIdentity, type FoundIdentity, findIdentityByClientId, readIdentity } from './identities.ts';
import * as mysql from './mysql-servers.ts';
import * as postgres from './postgres-servers.ts';
import { type ResourceId, resourceKey } from './resource-id.ts';
import { type AdministratorChange, assignServerIdentity, enableEntraAuthentication, setAdministrator } from './server-setup.ts';
import { SharedReads } from './shared-reads.ts';
import * as sql from './sql-servers.ts';
import type { Tags } from './tag-mark.ts';

/** What was read stays good for this long: enough for all connections of a server that are looked at together, too little to hide a change from the next pass. */
const keepMs = 5_000;

/** Whether a database sleeps is asked right before a login that would wake it; good for one pass over a connection. */
const keepDatabasesMs = 1_000;

/** The reads of Azure that connections share, and the writes that make them stale. All throw ConnectionError. */
export interface AzureCalls {
  readIdentity(id: ResourceId, options: ArmOptions): Promise<FoundIdentity | undefined>;
  findIdentityByClientId(subscriptionId: string, clientId: string, options: ArmOptions): Promise<FoundIdentity | undefined>;
  /** Leaves one that is there already as it is. */
  createIdentity(id: ResourceId, identity: { readonly location: string; readonly tags: Tags }, options: ArmOptions): Promise<void>;
  /** Succeeds when the identity is gone. */
  deleteIdentity(id: ResourceId, options: ArmOptions): Promise<void>;
  /** Empty when the identity isn't there. */
  listFederatedCredentials(id: ResourceId, options: ArmOptions): Promise<readonly FederatedCredential[]>;
  putFederatedCredential(id: ResourceId, credential: FederatedCredential, options: ArmOptions): Promise<void>;
  /** Succeeds when the credential or its identity is gone. */
  deleteFederatedCredential(id: ResourceId, name: string, options: ArmOptions): Promise<void>;
  readPostgresServer(id: ResourceId, options: ArmOptions): Promise<postgres.PostgresServer | undefined>;
  listPostgresAdministrators(id: ResourceId, options: ArmOptions): Promise<readonly postgres.PostgresAdministrator[] | undefined>;
  readMysqlServer(id: ResourceId, options: ArmOptions): Promise<mysql.MysqlServer | undefined>;
  listMysqlAdministrators(id: ResourceId, options: ArmOptions): Promise<readonly mysql.MysqlAdministrator[] | undefined>;
  readSqlServer(id: ResourceId, options: ArmOptions): Promise<sql.SqlServer | undefined>;
  listSqlAdministrators(id: ResourceId, options: ArmOptions): Promise<readonly sql.SqlAdministrator[] | undefined>;
  listSqlDatabases(id: ResourceId, options: ArmOptions): Promise<readonly sql.SqlDatabase[] | undefined>;
  /** Changes to a server, of which Azure takes one at a time. Each reads first, and changes nothing that is as it shall be. */
  enableEntraAuthentication(id: ResourceId, operator: TokenIds, options: ArmOptions): Promise<void>;
  assignServerIdentity(id: ResourceId, identityId: ResourceId, options: ArmOptions): Promise<void>;
  setAdministrator(id: ResourceId, operator: TokenIds, change: AdministratorChange, options: ArmOptions): Promise<void>;
  /** Names; undefined when the server isn't there. */
  listFirewallRules(id: ResourceId, options: ArmOptions): Promise<readonly string[] | undefined>;
  putFirewallRule(id: ResourceId, rule: { readonly name: string; readonly address: string }, options: ArmOptions): Promise<void>;
  /** Succeeds when the rule is gone. */
  deleteFirewallRule(id: ResourceId, name: string, options: ArmOptions): Promise<void>;
}

/** Reads through caches of some seconds, shared by everybody who asks for the same. */
export function createAzureCalls(arm: Arm, clock: Clock): AzureCalls {
  const identities = new SharedReads<FoundIdentity | undefined>(clock, { keepMs });
  const credentials = new SharedReads<readonly FederatedCredential[] | undefined>(clock, { keepMs });
  /** Azure refuses writes to the credentials of one identity side by side. */
  const writers = new Serial();

  const sharedByServer: Pick<SharedReads<unknown>, 'invalidate'>[] = [];
  /** A read of one resource, shared by its id. */
  const shared = <T>(read: (arm: Arm, id: ResourceId, options: ArmOptions) => Promise<T>, options = { keepMs }) => {
    const reads = new SharedReads<T>(clock, options);
    sharedByServer.push(reads);
    return (id: ResourceId, options: ArmOptions) => reads.read(resourceKey(id), (o) => read(arm, id, { ...options, ...o }), options);
  };

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

  /** Writes to a server, one at a time; what was read of it is out of date then. */
  const changing = (id: ResourceId, options: ArmOptions, write: () => Promise<void>) => {
    const task = async () => {
      try {
        await write();
      } finally {
        for (const reads of sharedByServer) reads.invalidate(resourceKey(id));
      }
    };
    return writers.run(resourceKey(id), task, options);
  };

  return {
    readIdentity: (id, options) => identities.read(resourceKey(id), (o) => readIdentity(arm, id, { ...options, ...o }), options),
    findIdentityByClientId: (subscriptionId, clientId, options) =>
      identities.read(
        `${subscriptionId} ${clientId}`.toLowerCase(),
        (o) => findIdentityByClientId(arm, subscriptionId, clientId, { ...options, ...o }),
        options,
      ),
    createIdentity: async (id, identity, options) => {
      const create = async () => {
        identities.invalidate(resourceKey(id));
        if (!(await readIdentity(arm, id, options))) await createIdentity(arm, id, identity, options);
        identities.invalidate(resourceKey(id));
      };
      await writers.run(resourceKey(id), create, options);
    },
    deleteIdentity: async (id, options) => {
      await deleteIdentity(arm, id, options);
      identities.invalidate(resourceKey(id));
      credentials.invalidate(resourceKey(id));
    },
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
    readPostgresServer: shared(postgres.readServer),
    listPostgresAdministrators: shared(postgres.listAdministrators),
    readMysqlServer: shared(mysql.readServer),
    listMysqlAdministrators: shared(mysql.listAdministrators),
    readSqlServer: shared(sql.readServer),
    listSqlAdministrators: shared(sql.listAdministrators),
    listSqlDatabases: shared(sql.listDatabases, { keepMs: keepDatabasesMs }),
    enableEntraAuthentication: (id, operator, options) =>
      changing(id, options, () => enableEntraAuthentication(arm, clock, operator, id, options)),
    assignServerIdentity: (id, identityId, options) =>
      changing(id, options, () => assignServerIdentity(arm, clock, id, identityId, options)),
    setAdministrator: (id, operator, change, options) =>
      changing(id, options, () => setAdministrator(arm, clock, operator, id, change, options)),
    listFirewallRules: (id, options) => listFirewallRules(arm, id, options),
    putFirewallRule: (id, rule, options) => changing(id, options, () => putFirewallRule(arm, clock, id, rule, options)),
    deleteFirewallRule: (id, name, options) => changing(id, options, () => deleteFirewallRule(arm, clock, id, name, options)),
  };
}
