import { adoptedAnnotation, connectionLabel } from '../api/names.ts';
import type { Secret } from './secret.ts';

type Data = NonNullable<Secret['data']>;

/** Whether a Secret was there before the connection that has it, so that only some of its keys are ours. */
export function isAdopted({ metadata }: Secret): boolean {
  return metadata.annotations?.[adoptedAnnotation] !== undefined;
}

/** The uid of the connection that took a Secret over. */
export function adopterOf({ metadata }: Secret): string | undefined {
  return metadata.annotations?.[adoptedAnnotation]?.split(' ')[0];
}

/**
 * What keeps a Secret from being taken over by a connection of its namespace, after the word Secret and its name; undefined when nothing does. One that an earlier
 * connection of the same name took over may be.
 */
export function whyNotAdoptable(secret: Secret, connection: string): string | undefined {
  const { metadata, type = 'Opaque', immutable = false } = secret;
  const controller = (metadata.ownerReferences ?? []).find((owner) => owner.controller === true);
  if (controller) return `belongs to ${controller.kind} "${controller.name}"`;
  const adopter = metadata.labels?.[connectionLabel];
  if (isAdopted(secret) && adopter !== connection)
    return `belongs to ${adopter ? `PasswordlessConnection "${adopter}"` : 'another PasswordlessConnection'}`;
  // the API server lets nobody change these two
  if (type !== 'Opaque') return `is of type ${type}, not Opaque`;
  return immutable ? 'is immutable' : undefined;
}

/** The keys of an adopted Secret that somebody else put there. */
export function foreignKeys({ metadata, data = {} }: Secret): Data {
  const ours = keysIn(metadata.annotations?.[adoptedAnnotation]?.split(' ')[1]);
  return Object.fromEntries(Object.entries(data).filter(([key]) => !ours.includes(key)));
}

/** What says in an adopted Secret whose it is and which keys of it are ours. */
export function adoptedText(uid: string, keys: readonly string[]): string {
  return `${uid} ${keys.toSorted().join(',')}`;
}

/** A Secret that is no longer a connection's, with all that is in it. */
export function disowned(secret: Secret, uid: string): Secret {
  const { [adoptedAnnotation]: _ours, ...annotations } = secret.metadata.annotations ?? {};
  const ownerReferences = (secret.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
  return { ...secret, metadata: { ...secret.metadata, annotations, ownerReferences } };
}

/** An adopted Secret after the connection: as it was before, but for what stood under our keys then. */
export function handedBack(secret: Secret, uid: string): Secret {
  const { [connectionLabel]: _connection, ...labels } = secret.metadata.labels ?? {};
  const { metadata, ...rest } = disowned(secret, uid);
  return { ...rest, metadata: { ...metadata, labels }, data: foreignKeys(secret) };
}

/** A Secret's keys hold neither blanks nor commas: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data */
function keysIn(text: string | undefined): readonly string[] {
  return text ? text.split(',') : [];
}
