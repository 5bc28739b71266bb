import type { PasswordlessConnection } from '../../src/api/connection.generated.ts';
import { conditionOf } from '../support/connections.ts';

/** The connections as `kubectl get plc` shows them, each with the name of its workload. */
export function table(connections: readonly PasswordlessConnection[]): string {
  const rows = connections.map((connection) => {
    const ready = conditionOf(connection, 'Ready');
    const { metadata, spec, status } = connection;
    const { target, access } = spec;
    return [
      metadata.name,
      shortWorkload(status?.workload ?? ''),
      ready?.status ?? '',
      ready?.reason ?? '',
      target.type,
      target.database,
      access.profile,
      status?.databaseUser?.name ?? '',
    ];
  });
  const all = [['NAME', 'WORKLOAD', 'READY', 'REASON', 'TARGET', 'DATABASE', 'PROFILE', 'USER'], ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/** ServiceAccount/orders as it is, and of an app its type and its own name. */
function shortWorkload(workload: string): string {
  const parts = workload.split('/');
  return `${parts[0]}/${parts.at(-1)}`;
}
