/** What the write of an app has begun. Such an app takes no other write until it has ended. Times are in milliseconds since 1970. */
export interface RunningOperation {
  readonly id: string;
  readonly startedAt: number;
  readonly endsAt: number;
  /** How it ends, where it doesn't end well. */
  readonly failure?: { readonly code: string; readonly message: string };
}

export type OperationStatus = 'InProgress' | 'Succeeded' | 'Failed';

/** How far the newest of an app's operations is; Succeeded where there was none. */
export function statusOfNewest(operations: readonly RunningOperation[], now: number): OperationStatus {
  const newest = operations.at(-1);
  return newest ? statusOfOperation(newest, now) : 'Succeeded';
}

export function statusOfOperation({ endsAt, failure }: RunningOperation, now: number): OperationStatus {
  if (now < endsAt) return 'InProgress';
  return failure ? 'Failed' : 'Succeeded';
}

/** The body of `Azure-AsyncOperation`: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations */
export function renderOperation(operation: RunningOperation, { path, now }: { readonly path: string; readonly now: number }) {
  const status = statusOfOperation(operation, now);
  return {
    id: path,
    name: operation.id,
    status,
    startTime: new Date(operation.startedAt).toISOString().replace('Z', ''),
    ...(status === 'Failed' && { error: operation.failure }),
  };
}
