import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { AppChange } from './hosted-app.ts';
import { resourcePath } from './resource-id.ts';
import type { Tags } from './tag-mark.ts';

/** A JSON object as a service sends it. Whoever changes one keeps the fields that he doesn't know. */
export type Json = Readonly<Record<string, unknown>>;

/** The object that a value is; an empty one when it is none. */
export function objectIn(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** The objects of a list; empty when the value is none. */
export function objectsIn(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(objectIn) : [];
}

/** The text that a value is; empty when it is none. */
export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The texts by name that a value holds. */
export function textsIn(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(objectIn(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** What identities and tags of an app's resource say. */
export interface AppHead {
  readonly hasSystemAssigned: boolean;
  readonly userAssigned: readonly string[];
  readonly tags: Tags;
}

/** Reads the parts of a resource that all services have alike. Azure writes the type of two identities with and without a blank. */
export function headOf(resource: { readonly identity?: unknown; readonly tags?: unknown }): AppHead {
  const identity = objectIn(resource.identity);
  return {
    hasSystemAssigned: /\bSystemAssigned\b/i.test(textIn(identity['type'])),
    userAssigned: Object.keys(objectIn(identity['userAssignedIdentities'])),
    tags: textsIn(resource.tags),
  };
}

/** The `identity` of a PATCH, with all that is attached already; undefined when the change leaves identities as they are. */
export function identityPatch(head: AppHead, { enableSystemAssigned, attach, detach = [] }: AppChange): Json | undefined {
  if (!enableSystemAssigned && !attach && detach.length === 0) return undefined;
  const kept = head.userAssigned.filter((id) => !detach.includes(id));
  const attached = attach ? [...kept, resourcePath(attach)] : kept;
  const system = head.hasSystemAssigned || enableSystemAssigned === true;
  const types = [...(system ? ['SystemAssigned'] : []), ...(attached.length > 0 ? ['UserAssigned'] : [])];
  return {
    type: types.join(',') || 'None',
    ...(head.userAssigned.length + attached.length > 0 && { userAssignedIdentities: attached.length > 0 ? named(attached, detach) : null }),
  };
}

function named(attached: readonly string[], detached: readonly string[]): Json {
  return { ...Object.fromEntries(attached.map((id) => [id, {}])), ...Object.fromEntries(detached.map((id) => [id, null])) };
}

/** Every id of a user-assigned identity that stands anywhere in a value, in lower case. */
export function identitiesNamedIn(value: unknown): readonly string[] {
  const text = JSON.stringify(value) ?? '';
  const found = text.match(
    /\/subscriptions\/[^"/]+\/resourcegroups\/[^"/]+\/providers\/microsoft\.managedidentity\/userassignedidentities\/[^"/]+/gi,
  );
  return [...new Set((found ?? []).map((id) => id.toLowerCase()))];
}

/** For an answer of Azure that lacks what it must have, so that writing it back would lose something. */
export function notUnderstood(what: string): ConnectionError {
  return new ConnectionError('waiting', reasons.AzureError, `Azure describes ${what} in a way that is not understood`);
}
