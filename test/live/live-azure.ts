import { ClientSecretCredential, type TokenCredential } from '@azure/identity';
import type { TargetType } from '../../src/api/spec.ts';
import { Arm } from '../../src/azure/arm.ts';
import { idsByClientSecret } from '../../src/azure/client-secret.ts';
import { operatorCredential, operatorIds } from '../../src/azure/credential.ts';
import { DatabaseToken } from '../../src/azure/database-token.ts';
import { RateBudget } from '../../src/azure/rate-budget.ts';
import { createAzureCalls } from '../../src/azure/reads.ts';
import type { ResourceId } from '../../src/azure/resource-id.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createTargets } from '../../src/targets/create-targets.ts';
import type { Cancellable, Target } from '../../src/targets/target.ts';
import { MemoryNotes } from '../contract/mysql/memory-notes.ts';
import type { ContractEngine, WorkloadIdentity } from '../contract/target/engine.ts';
import { cluster } from '../contract/target/given.ts';
import type { ClientSecret, LiveConfig } from './live-config.ts';

/** One server in Azure, as the operator and its administrator get at it, and two workloads. */
export interface LiveServer {
  readonly serverId: ResourceId;
  readonly host: string;
  readonly port: number;
  /** The user as whom the operator logs in. */
  readonly login: string;
  readonly target: Target;
  readonly notes: MemoryNotes;
  readonly identities: ContractEngine['identities'];
  newTarget(): Target;
  /** The password of a login as the operator. */
  operatorToken(): Promise<string>;
  /** The same as one of the workloads. */
  tokenOf(identity: WorkloadIdentity): Promise<string>;
  close(): Promise<void>;
}

/**
 * Signs in to Azure and finds the server, all with the operator's own code. Throws ConnectionError, for example where the operator isn't the server's Entra
 * administrator.
 */
export async function openServer(type: TargetType, serverId: ResourceId, config: LiveConfig, { signal }: Cancellable): Promise<LiveServer> {
  const { cloud, tenantId } = config;
  const clock = systemClock;
  const scope = type === 'AzureSQL' ? cloud.sqlScope : cloud.ossrdbmsScope;
  const newCredential = () => credentialOf(config);
  const token = new DatabaseToken(newCredential, cloud.ossrdbmsScope, clock);
  const sqlToken = new DatabaseToken(newCredential, cloud.sqlScope, clock);
  const ids = operatorIds(await token.get({ signal }));
  const calls = createAzureCalls(new Arm({ cloud, credential: newCredential(), budget: new RateBudget(clock) }), clock);
  const notes = new MemoryNotes();
  const targets: Target[] = [];

  const newTarget = () => {
    const made = createTargets({
      calls,
      cloud,
      token: (options) => token.get(options),
      sqlToken: (options) => sqlToken.get(options),
      operator: { principalId: ids.objectId, clientId: ids.clientId },
      ownerCredentials: async () => ({ kind: 'unusable', why: 'a live run has none' }),
      notes,
      clusterHash: cluster,
      clock,
      logger: createLogger({ level: 'warn' }),
    });
    const target = made.get(type);
    if (!target) throw new Error(`the operator does not serve ${type}`);
    targets.push(target);
    return target;
  };

  const applications = new Map<string, TokenCredential>();
  const identityOf = async ({ clientId, secret }: ClientSecret): Promise<WorkloadIdentity> => {
    const { objectId: principalId } = await idsByClientSecret({ tenantId, clientId, secret }, cloud, { signal });
    const options = { authorityHost: cloud.authority, disableInstanceDiscovery: cloud.name === 'custom' };
    applications.set(clientId, new ClientSecretCredential(tenantId, clientId, secret.reveal(), options));
    return { principalId, clientId };
  };
  const identities = { first: await identityOf(config.first), second: await identityOf(config.second) };

  const target = newTarget();
  const close = async () => void (await Promise.all(targets.map((each) => each.close())));
  try {
    const where = { serverId, ...(type === 'AzureSQL' && { database: config.sqlDatabase }) };
    const { host, login } = await target.observeServer(where, { signal });
    if (login === undefined) throw new Error(`the operator can't log in to ${host}`);
    return {
      serverId,
      host,
      port: target.port,
      login,
      target,
      notes,
      identities,
      newTarget,
      operatorToken: () => (type === 'AzureSQL' ? sqlToken : token).get({ signal }),
      tokenOf: async ({ clientId }) => {
        const given = await applications.get(clientId)?.getToken(scope, { abortSignal: signal });
        if (!given) throw new Error(`no application has the client id ${clientId}`);
        return given.token;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function credentialOf({ tenantId, operator, cloud }: LiveConfig): TokenCredential {
  if ('tokenFile' in operator)
    return operatorCredential({ tenantId, clientId: operator.clientId, tokenFilePath: operator.tokenFile }, cloud);
  return new ClientSecretCredential(tenantId, operator.clientId, operator.secret.reveal(), {
    authorityHost: cloud.authority,
    disableInstanceDiscovery: cloud.name === 'custom',
  });
}
