import type { PasswordlessConnection } from './connection.generated.ts';
import type { ConnectionPolicy } from './policy.generated.ts';

export type ConnectionSpec = PasswordlessConnection['spec'];
export type ConnectionStatus = NonNullable<PasswordlessConnection['status']>;
export type TargetType = ConnectionSpec['target']['type'];
export type WorkloadType = ConnectionSpec['workload']['type'];
export type IdentityType = ConnectionSpec['identity']['type'];
export type AccessSpec = ConnectionSpec['access'];
export type Profile = AccessSpec['profile'];
export type OutputSpec = NonNullable<ConnectionSpec['output']>;
export type ClientType = NonNullable<OutputSpec['clientType']>;
export type PolicySpec = ConnectionPolicy['spec'];
export type PolicyEntry = PolicySpec['targets'][number];
