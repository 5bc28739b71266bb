import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import { armFailure } from './errors.ts';
import type { JsonAnswer, JsonRequest } from './json-request.ts';

/** Between two looks at an operation, where Azure says nothing else. */
const pollMs = 2_000;
const longestPollMs = 30_000;

/**
 * Sends a write of raw JSON and waits until Azure has carried it out: an operation goes on under the URL of Azure-AsyncOperation, which answers with its status, or
 * of Location, which answers 202 until it is done (https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations).
 * Throws ConnectionError, also for an operation that fails.
 */
export async function writeAndWait(
  arm: Arm,
  clock: Clock,
  client: Parameters<Arm['send']>[0],
  attempt: ArmCall,
  request: JsonRequest,
  options: ArmOptions,
): Promise<void> {
  const send = (each: JsonRequest) => arm.call(attempt, (callOptions) => arm.send(client, each, callOptions), options);
  let answer = await send(request);
  const operation = answer.header('azure-asyncoperation');
  const location = answer.header('location');
  const poll = operation ?? (answer.status === 202 ? location : undefined);
  if (poll === undefined) return;
  for (;;) {
    await clock.sleep(waitMs(answer), options.signal);
    answer = await send({ method: 'GET', to: poll });
    if (operation === undefined ? answer.status !== 202 : isDone(answer, attempt)) return;
  }
}

/** Whether the operation has succeeded. Throws ConnectionError when it has failed. */
function isDone({ json }: JsonAnswer, attempt: ArmCall): boolean {
  const { status, error } = (json ?? {}) as { readonly status?: unknown; readonly error?: { code?: unknown; message?: unknown } };
  switch (typeof status === 'string' ? status.toLowerCase() : '') {
    case 'succeeded':
      return true;
    case 'failed':
    case 'canceled': {
      const code = typeof error?.code === 'string' && /^[A-Za-z0-9]{1,128}$/.test(error.code) ? error.code : 'OperationFailed';
      throw armFailure(new Error(`The operation has failed. ${code}. ${typeof error?.message === 'string' ? error.message : ''}`), attempt);
    }
    case '':
      throw new ConnectionError('retry', reasons.AzureError, `Azure does not say how far it is with ${attempt.what}`);
    default:
      return false;
  }
}

function waitMs({ header }: JsonAnswer): number {
  const seconds = header('retry-after');
  return seconds !== undefined && /^\d{1,6}$/.test(seconds) ? Math.min(Number(seconds) * 1000, longestPollMs) : pollMs;
}
