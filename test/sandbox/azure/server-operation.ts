import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../src/runtime/clock.ts';
import { ArmError, armErrors } from './arm-error.ts';
import type { ArmContext, ArmOperation } from './arm-operation.ts';
import type { Answer } from './service.ts';
import type { Server, World } from './world.ts';

/** A change of a server that Azure carries out behind the answer. A server takes one at a time. */
export interface ServerOperation {
  readonly id: string;
  readonly startedAt: number;
  status: 'InProgress' | 'Succeeded' | 'Failed';
  error?: { readonly code: string; readonly message: string };
}

export interface ServerWrites {
  /** How long a change takes, and so how long it shuts out others. */
  readonly writeMs: number;
}

/** Under which address of a provider's locations operations are polled; each takes a permission of its own. */
export type OperationKind =
  | 'azureAsyncOperation'
  | 'administratorAzureAsyncOperation'
  | 'serverAdministratorAzureAsyncOperation'
  | 'serverAdministratorOperationResults';

/** A change that fails with an error code of its own. */
export class OperationFailure extends Error {
  override readonly name = 'OperationFailure';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Begins a change and answers 202 with where to ask for its end: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations.
 * Throws ArmError 409 while another one runs, in the words of Azure/azure-postgresql#127.
 */
export function beginOperation(
  context: Pick<ArmContext, 'clock' | 'origin' | 'apiVersion' | 'world' | 'params'>,
  server: Server,
  { provider, kind, writeMs }: ServerWrites & { readonly provider: string; readonly kind: OperationKind },
  change: () => Promise<void> | void,
): Answer {
  demandIdle(server);
  const { clock, origin, apiVersion, world } = context;
  const operation: ServerOperation = { id: randomUUID(), startedAt: clock.now(), status: 'InProgress' };
  server.operations ??= [];
  server.operations.push(operation);
  void carryOut(operation, change, clock, writeMs);
  const place = `${origin}/subscriptions/${context.params['subscriptionId']}/providers/${provider}/locations/${world.location}/${kind}/${operation.id}`;
  return {
    status: 202,
    headers: { 'Azure-AsyncOperation': `${place}?api-version=${apiVersion}`, 'Retry-After': '1' },
    json: { operation: 'ChangeServer', startTime: new Date(operation.startedAt).toISOString() },
  };
}

/** Throws ArmError 409 while another change runs, or when the server isn't there to be changed. */
export function demandIdle({ name, state, operations = [] }: Server): void {
  if (operations.some(({ status }) => status === 'InProgress') || (state !== 'Ready' && state !== 'Updating'))
    throw new ArmError(409, 'ServerBusy', `Server '${name}' is busy with another operation. Please try again later.`);
}

/** The operations by which a provider's changes are polled. */
export function pollOperations(provider: string, kinds: readonly OperationKind[], apiVersions: readonly string[]): readonly ArmOperation[] {
  return kinds.map((kind) => ({
    method: 'GET',
    path: `/subscriptions/{subscriptionId}/providers/${provider}/locations/{location}/${kind}/{operationId}`,
    action: `${provider}/locations/${kind}/read`,
    apiVersions,
    run: ({ world, params }) => ({ status: 200, json: rendered(found(world, params['operationId'] ?? '')) }),
  }));
}

async function carryOut(operation: ServerOperation, change: () => Promise<void> | void, clock: Clock, writeMs: number): Promise<void> {
  await clock.sleep(writeMs, new AbortController().signal);
  try {
    await change();
    operation.status = 'Succeeded';
  } catch (error) {
    operation.status = 'Failed';
    const { message } = error as Error;
    operation.error = { code: error instanceof OperationFailure ? error.code : 'InternalServerError', message };
  }
}

function found(world: World, id: string): ServerOperation {
  const operation = world.servers.flatMap(({ operations = [] }) => operations).find((each) => each.id === id);
  if (!operation) throw armErrors.resourceNotFound('azureAsyncOperation', id, '');
  return operation;
}

function rendered({ id, status, startedAt, error }: ServerOperation) {
  return { name: id, status, startTime: new Date(startedAt).toISOString(), ...(error && { error }) };
}
