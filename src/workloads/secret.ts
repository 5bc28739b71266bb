import { ConnectionError } from '../api/connection-error.ts';
import { adoptedAnnotation, apiVersion, connectionLabel, managedByLabel, operatorName } from '../api/names.ts';
import type { KubernetesObject, ObjectMeta, OwnerReference } from '../api/object-meta.ts';
import type { StagePlan, Step } from '../api/step.ts';
import { adoptedText, adopterOf, foreignKeys, isAdopted, whyNotAdoptable } from './adopted-secret.ts';
import type { Settings, WorkloadRequest } from './workload.ts';

/** A Secret as the API server sends it; values are base64. */
export interface Secret extends KubernetesObject {
  readonly type?: string;
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
}

export type SecretStep = Step & { readonly name: string } & (
    | { readonly kind: 'create-secret' | 'update-secret' | 'adopt-secret'; readonly keys: readonly string[] }
    /** `hand-back-secret`: one that was there before the connection. */
    | { readonly kind: 'delete-secret' | 'hand-back-secret' }
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

/**
 * Whether a Secret is this connection's: its controller, or who took it over, bears this very uid. Names and labels outlive their owner. What was taken over has no
 * owner reference, because the garbage collector deletes it with the connection, for example when somebody deletes that in the foreground.
 */
export function isOurSecret(secret: Secret, uid: string): boolean {
  if (isAdopted(secret)) return adopterOf(secret) === uid;
  return (secret.metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === uid);
}

/** What is to be done so that the Secret holds just these settings, and what others keep in it where it was taken over. Throws SecretNotOwned. */
export function planSecret(request: WorkloadRequest, settings: Settings, { current, former }: SecretObservation): StagePlan<SecretStep> {
  const steps = currentSteps(request, settings, current);
  if (!former || former.metadata.name === secretName(request) || !isOurSecret(former, request.uid)) return { steps, findings: [] };
  const { name } = former.metadata;
  const place = `${request.namespace}/${name}`;
  const summary = isAdopted(former) ? `take our settings out of Secret ${place}, which was there before` : `delete Secret ${place}`;
  const kind = isAdopted(former) ? 'hand-back-secret' : 'delete-secret';
  return { steps: [...steps, { stage: 'settings', kind, name, summary }], findings: [] };
}

function currentSteps(request: WorkloadRequest, settings: Settings, current: Secret | undefined): readonly SecretStep[] {
  const step = (kind: 'create-secret' | 'update-secret' | 'adopt-secret', summary: string): SecretStep => ({
    stage: 'settings',
    kind,
    name: secretName(request),
    keys: Object.keys(settings).sort(),
    summary: summary.slice(0, 1024),
  });
  const place = `${request.namespace}/${secretName(request)}`;
  const keys = Object.keys(settings).sort().join(', ');
  if (!current) return [step('create-secret', `create Secret ${place} with ${keys}`)];
  if (!isOurSecret(current, request.uid)) {
    requireAdoptable(request, current);
    return [step('adopt-secret', `take Secret ${place} over and write ${keys}; other keys in it stay`)];
  }
  const next = secretFor(request, settings, current);
  return isAsWanted(current, next) ? [] : [step('update-secret', `update Secret ${place}: ${changedKeys(current, next).join(', ')}`)];
}

function requireAdoptable({ output, connection }: WorkloadRequest, secret: Secret): void {
  const obstacle = output.adopt ? whyNotAdoptable(secret, connection) : undefined;
  if (output.adopt && obstacle === undefined) return;
  const problem = obstacle === undefined ? 'is there and belongs to somebody else' : `${obstacle}, so that it can't be taken over`;
  throw new ConnectionError(
    'waiting',
    'SecretNotOwned',
    `Secret "${secret.metadata.name}" ${problem}: delete it, or name another one in spec.output.secret.name`,
  );
}

/** The Secret to be sent. One that we made keeps of the old one who it is and what others put on its metadata; one that is or was somebody else's keeps their keys too. */
export function secretFor(request: WorkloadRequest, settings: Settings, old: Secret | undefined): Secret {
  const isAdoption = old !== undefined && (isAdopted(old) || !isOurSecret(old, request.uid));
  const kept = isAdoption ? foreignKeys(old) : {};
  const others = (old?.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== request.uid);
  const metadata = {
    ...(old?.metadata ?? { name: secretName(request), namespace: request.namespace }),
    labels: { ...old?.metadata.labels, [connectionLabel]: request.connection, ...(!isAdoption && { [managedByLabel]: operatorName }) },
    ...(isAdoption && {
      annotations: { ...old?.metadata.annotations, [adoptedAnnotation]: adoptedText(request.uid, Object.keys(settings)) },
    }),
    ownerReferences: isAdoption ? others : [...others, ownerReference(request)],
  } as ObjectMeta;
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { ...kept, ...encoded(settings) } };
}

function ownerReference({ connection, uid }: WorkloadRequest): OwnerReference {
  return { apiVersion, kind: 'PasswordlessConnection', name: connection, uid, controller: true, blockOwnerDeletion: true };
}

function isAsWanted(found: Secret, next: Secret): boolean {
  const label = isAdopted(next) ? connectionLabel : managedByLabel;
  return (
    changedKeys(found, next).length === 0 &&
    found.metadata.labels?.[label] === next.metadata.labels?.[label] &&
    found.metadata.annotations?.[adoptedAnnotation] === next.metadata.annotations?.[adoptedAnnotation]
  );
}

function changedKeys({ data: found = {} }: Secret, { data: wanted = {} }: Secret): readonly string[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].filter((key) => wanted[key] !== found[key]).sort();
}

function encoded(settings: Settings): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]));
}
