import { ConnectionError } from '../api/connection-error.ts';
import { apiVersion, connectionLabel, managedByLabel, operatorName } from '../api/names.ts';
import type { KubernetesObject, ObjectMeta } from '../api/object-meta.ts';
import type { StagePlan, Step } from '../api/step.ts';
import type { Settings, WorkloadRequest } from './workload.ts';

/** A Secret as the API server sends it; values are base64. */
export interface Secret extends KubernetesObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export type SecretStep = Step & { readonly name: string } & (
    | { readonly kind: 'create-secret' | 'update-secret'; readonly keys: readonly string[] }
    | { readonly kind: 'delete-secret'; readonly uid: string }
  );

/** The Secret under the name that the spec asks for, and the one under the name that it asked for before. */
export interface SecretObservation {
  readonly current: Secret | undefined;
  readonly former: Secret | undefined;
}

/** Name of the Secret for a connection's settings. */
export function secretName(request: Pick<WorkloadRequest, 'output' | 'connection'>): string {
  return request.output.secret?.name ?? request.connection;
}

/** Whether a Secret is this connection's: its controller bears this very uid. Labels and names can be forged, and outlive their owner. */
export function isOurSecret(secret: Secret, uid: string): boolean {
  return (secret.metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === uid);
}

/** What is to be done so that the Secret holds just these settings. Throws SecretNotOwned. */
export function planSecret(request: WorkloadRequest, settings: Settings, observed: SecretObservation): StagePlan<SecretStep> {
  const name = secretName(request);
  const { current, former } = observed;
  const keys = Object.keys(settings).sort();
  const place = `${request.namespace}/${name}`;
  const steps: SecretStep[] = [];
  if (!current) {
    steps.push({
      stage: 'settings',
      kind: 'create-secret',
      name,
      keys,
      summary: `create Secret ${place} with ${keys.join(', ')}`.slice(0, 1024),
    });
  } else if (!isOurSecret(current, request.uid)) {
    throw new ConnectionError(
      'waiting',
      'SecretNotOwned',
      `Secret "${name}" is there and belongs to somebody else: delete it, or name another one in spec.output.secret.name`,
    );
  } else if (!holds(current, settings)) {
    const changed = changedKeys(current, settings);
    steps.push({
      stage: 'settings',
      kind: 'update-secret',
      name,
      keys,
      summary: `update Secret ${place}: ${changed.join(', ')}`.slice(0, 1024),
    });
  }
  if (former && former.metadata.name !== name && isOurSecret(former, request.uid)) {
    const { name: old, uid } = former.metadata;
    steps.push({ stage: 'settings', kind: 'delete-secret', name: old, uid, summary: `delete Secret ${request.namespace}/${old}` });
  }
  return { steps, findings: [] };
}

/** The Secret to be sent: nothing of the old one but who it is and what others put on its metadata. */
export function secretFor(request: WorkloadRequest, settings: Settings, old: Secret | undefined): Secret {
  const metadata = {
    ...(old?.metadata ?? { name: secretName(request), namespace: request.namespace }),
    labels: { ...old?.metadata.labels, [managedByLabel]: operatorName, [connectionLabel]: request.connection },
    ownerReferences: [
      ...(old?.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== request.uid),
      {
        apiVersion,
        kind: 'PasswordlessConnection',
        name: request.connection,
        uid: request.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  } as ObjectMeta;
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: encoded(settings) };
}

function holds(secret: Secret, settings: Settings): boolean {
  return changedKeys(secret, settings).length === 0 && secret.metadata.labels?.[managedByLabel] === operatorName;
}

function changedKeys(secret: Secret, settings: Settings): readonly string[] {
  const wanted = encoded(settings);
  const found = secret.data ?? {};
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].filter((key) => wanted[key] !== found[key]).sort();
}

function encoded(settings: Settings): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]));
}
