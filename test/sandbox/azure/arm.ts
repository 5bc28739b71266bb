import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import type { Certificate } from '../certificates.ts';
import type { FaultResponse, Faults } from '../controls/faults.ts';
import type { Journal } from '../controls/journal.ts';
import { retryAfterHeader, statusOf, underFault } from '../controls/under-fault.ts';
import { parseArmTarget } from './arm-address.ts';
import { ArmBudget, azureBudget, type BudgetSizes } from './arm-budget.ts';
import { callerOf, type VerifyToken } from './arm-caller.ts';
import { ArmError, renderArmError } from './arm-error.ts';
import { type ArmRouter, createArmRouter } from './arm-router.ts';
import { hostOperations } from './hosts/host-operations.ts';
import { knownPrincipals } from './hosts/principals.ts';
import { managedIdentityOperations } from './managed-identity.ts';
import { mysqlOperations } from './mysql-servers.ts';
import { postgresOperations } from './postgres-servers.ts';
import { type Answer, type Outcome, type ServiceRequest, startService } from './service.ts';
import { sqlOperations } from './sql-servers.ts';
import { userAssignedIdentityOperations } from './user-assigned-identities.ts';
import type { World } from './world.ts';

export interface ArmOptions {
  readonly world: World;
  readonly certificate: Certificate;
  readonly journal: Journal;
  readonly faults: Faults;
  /** Entra's. */
  readonly verify: VerifyToken;
  readonly listen: { readonly host: string; readonly port?: number };
  readonly clock?: Clock;
  readonly newId?: () => string;
  /** Items on a page of a list; small, so that nobody forgets the second page. */
  readonly pageSize?: number;
  /** How long a write of a federated credential takes, and so how long it shuts out others. */
  readonly credentialWriteMs?: number;
  /** How long a write of an app takes that Azure does behind the answer, and so how long it shuts out others. */
  readonly appWriteMs?: number;
  /** How long a change of a server takes, and so how long it shuts out others. */
  readonly serverWriteMs?: number;
  /** Called after a request by which an identity came or went. */
  readonly principalsChanged?: () => Promise<void>;
  readonly budget?: BudgetSizes;
  /** Asked at each 429 of the budget: Azure does not always send the header. */
  readonly sendsRetryAfter?: () => boolean;
  /** Stops the service as well. */
  readonly signal: AbortSignal;
}

export interface Arm {
  /** Without a slash at the end. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts an Azure Resource Manager over the world's resources. It serves the operations of its table and refuses the rest. */
export async function startArm({
  world,
  certificate,
  journal,
  faults,
  verify,
  listen,
  clock = systemClock,
  newId = randomUUID,
  pageSize = 2,
  credentialWriteMs = 100,
  appWriteMs = 500,
  serverWriteMs = 200,
  principalsChanged,
  budget = azureBudget,
  sendsRetryAfter = () => true,
  signal,
}: ArmOptions): Promise<Arm> {
  const router: ArmRouter = createArmRouter(
    [
      ...managedIdentityOperations({ writeMs: credentialWriteMs }),
      ...userAssignedIdentityOperations({ newId }),
      ...postgresOperations({ writeMs: serverWriteMs }),
      ...mysqlOperations({ writeMs: serverWriteMs }),
      ...sqlOperations({ writeMs: serverWriteMs }),
      ...hostOperations({ writeMs: appWriteMs, newId }),
    ],
    {
      world,
      clock,
      pageSize,
      budget: new ArmBudget(budget, { clock, sendsRetryAfter }),
      origin: () => service.origin,
    },
  );

  async function watched(run: () => Promise<Answer>): Promise<Answer> {
    const ids = () => knownPrincipals(world, Number.POSITIVE_INFINITY).map(({ principalId }) => principalId);
    const before = ids().join();
    const answer = await run();
    if (ids().join() !== before) await principalsChanged?.();
    return answer;
  }

  async function answer(request: ServiceRequest): Promise<Outcome> {
    const requestId = newId();
    const [path = '', query = ''] = request.target.split('?');
    const entry = { method: request.method, path, apiVersion: new URLSearchParams(query).get('api-version') ?? '' };
    let by = '';
    let outcome: Outcome;
    try {
      const caller = await callerOf(request.headers.authorization, { tenantId: world.tenantId, verify });
      by = caller.appid;
      outcome = await underFault(
        faults.strike('arm', request.method, path),
        {
          run: () => orRefusal(() => watched(async () => router(request, parseArmTarget(request.target), caller))),
          refuse: faultAnswer,
        },
        { clock, signal: request.signal },
      );
    } catch (error) {
      if (!(error instanceof ArmError)) {
        journal.record({ kind: 'arm', by, status: request.signal.aborted ? 'aborted' : 500, ...entry });
        throw error;
      }
      outcome = renderArmError(error);
    }
    journal.record({ kind: 'arm', by, status: outcome === 'cut' ? 'dropped' : outcome.status, ...entry });
    return outcome === 'cut' ? outcome : { ...outcome, headers: { ...requestHeaders(request, requestId), ...outcome.headers } };
  }

  const service = await startService({
    host: listen.host,
    ...(listen.port !== undefined && { port: listen.port }),
    certificate,
    answer,
    signal,
  });
  return { endpoint: service.origin, stop: service.stop };
}

async function orRefusal(run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ArmError) return renderArmError(error);
    throw error;
  }
}

function faultAnswer(fault: FaultResponse): Answer {
  const status = statusOf(fault);
  const code = String(fault.code ?? (status === 429 ? 'TooManyRequests' : status >= 500 ? 'ServiceUnavailable' : 'BadRequest'));
  return renderArmError(new ArmError(status, code, fault.message ?? 'An injected fault.', retryAfterHeader(fault)));
}

/** https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling names the headers. */
function requestHeaders({ headers }: ServiceRequest, requestId: string): Readonly<Record<string, string>> {
  const correlation = headers['x-ms-correlation-request-id'];
  return {
    'x-ms-request-id': requestId,
    'x-ms-correlation-request-id': typeof correlation === 'string' ? correlation : requestId,
    'x-ms-routing-request-id': `SANDBOX:${requestId}`,
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
    'X-Content-Type-Options': 'nosniff',
  };
}
