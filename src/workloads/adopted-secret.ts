import { adoptedAnnotation, connectionLabel } from '../api/names.ts';
import type { Secret } from './secret.ts';

type Data = NonNullable<Secret['data']>;

/** Whether a Secret of ours was there before the connection, so that only some of its keys are ours. */
export function isAdopted({ metadata }: Secret): boolean {
  return metadata.annotations?.[adoptedAnnotation] !== undefined;
}

/** What keeps a Secret from being taken over, after the word Secret and its name; undefined when nothing does. */
export function whyNotAdoptable({ metadata, type = 'Opaque', immutable = false }: Secret): string | undefined {
  const controller = (metadata.ownerReferences ?? []).find((owner) => owner.controller === true);
  if (controller) return `belongs to ${controller.kind} "${controller.name}"`;
  // the API server lets nobody change these two
  if (type !== 'Opaque') return `is of type ${type}, not Opaque`;
  return immutable ? 'is immutable' : undefined;
}

/** The keys of an adopted Secret that somebody else put there. */
export function foreignKeys({ metadata, data = {} }: Secret): Data {
  const ours = keysIn(metadata.annotations?.[adoptedAnnotation]);
  return Object.fromEntries(Object.entries(data).filter(([key]) => !ours.includes(key)));
}

/** What says in an adopted Secret which keys of it are ours. */
export function adoptedKeysText(keys: readonly string[]): string {
  return keys.toSorted().join(',');
}

/** An adopted Secret after the connection: as it was before, but for what stood under our keys then. */
export function handedBack(secret: Secret, uid: string): Secret {
  const { [adoptedAnnotation]: _keys, ...annotations } = secret.metadata.annotations ?? {};
  const { [connectionLabel]: _connection, ...labels } = secret.metadata.labels ?? {};
  const ownerReferences = (secret.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
  return { ...secret, metadata: { ...secret.metadata, annotations, labels, ownerReferences }, data: foreignKeys(secret) };
}

/** A Secret's keys hold no commas: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data */
function keysIn(text: string | undefined): readonly string[] {
  return text ? text.split(',') : [];
}
