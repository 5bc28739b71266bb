import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { apiVersion } from '../api/names.ts';
import type { KubernetesObject } from '../api/object-meta.ts';
import type { ConnectionPolicy } from '../api/policy.generated.ts';
import type { Resource } from '../runtime/resource.ts';

export type Namespace = KubernetesObject;

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const connections: Resource<PasswordlessConnection> = {
  apiVersion,
  kind: 'PasswordlessConnection',
  plural: 'passwordlessconnections',
  namespaced: true,
};
export const policies: Resource<ConnectionPolicy> = {
  apiVersion,
  kind: 'ConnectionPolicy',
  plural: 'connectionpolicies',
  namespaced: false,
};
export const namespaces: Resource<Namespace> = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
export const configMaps: Resource<ConfigMap> = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
