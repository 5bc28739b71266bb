import { createHash } from 'node:crypto';
import type { SecretText } from '../runtime/secret-text.ts';
import type { ArmOptions } from './arm.ts';
import type { ResourceId } from './resource-id.ts';
import type { TagChanges, Tags } from './tag-mark.ts';

/** Where an app is: its resource, and the slot or deployment of it. */
export interface AppAddress {
  readonly id: ResourceId;
  readonly part?: string | undefined;
}

/** An app as found, in the words that all host services share. Holds no values of settings. */
export interface HostedApp {
  /** Whether another operation changes it just now, so that a write would be refused. */
  readonly isBusy: boolean;
  /** Whether it does not start as it is configured now. */
  readonly hasFailed: boolean;
  readonly hasSystemAssigned: boolean;
  /** Ids of the user-assigned identities that are attached, as the service spells them. */
  readonly userAssigned: readonly string[];
  /** Ids in lower case of identities that the app's own configuration names, for a registry for example. */
  readonly namedIdentities: readonly string[];
  readonly tags: Tags;
}

/** What an app reads its settings from: one container of several, or the app as a whole under an empty name. */
export interface Place {
  readonly name: string;
  /** By name, what `valueDigest` and `secretDigest` give for the value. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The settings of an app as found. */
export interface HostedSettings {
  readonly places: readonly Place[];
  /** Names of the app's secrets. */
  readonly secrets: readonly string[];
  /** Whether one that no setting refers to any more can be removed. */
  readonly secretsMayGo: boolean;
}

/** A setting to be written: a text, or the name of one of the app's secrets. */
export type SettingValue = { readonly text: string } | { readonly secretName: string };

export interface PlaceChange {
  readonly name: string;
  readonly set: Readonly<Record<string, SettingValue>>;
  readonly remove: readonly string[];
}

/** What is to be changed on an app. What it doesn't name stays as it is. */
export interface AppChange {
  /** null removes a tag. */
  readonly tags?: TagChanges | undefined;
  /** How the tags shall be while settings are being written, where that takes more than one request. */
  readonly tagsMeanwhile?: TagChanges | undefined;
  readonly enableSystemAssigned?: true;
  readonly attach?: ResourceId | undefined;
  /** Ids as the service spells them. */
  readonly detach?: readonly string[];
  readonly places?: readonly PlaceChange[];
  readonly secrets?: { readonly set: Readonly<Record<string, SecretText>>; readonly remove: readonly string[] };
}

/** An app that was just read, to be changed as it was then. */
export interface OpenApp {
  readonly seen: HostedApp;
  /** Throws ConnectionError. */
  readSettings(options: ArmOptions): Promise<HostedSettings>;
  /** Makes the change and waits until it is done. Throws ConnectionError. */
  change(change: AppChange, options: ArmOptions): Promise<void>;
}

/** A service of Azure that runs apps. */
export interface AppHost {
  /** Whether its apps have secrets beside settings. */
  readonly keepsSecrets: boolean;
  /** The app, or undefined when it or its part isn't there. Shared reads of some seconds, unless `fresh`. Throws ConnectionError. */
  open(address: AppAddress, options: ArmOptions & { readonly fresh?: boolean }): Promise<OpenApp | undefined>;
}

/** What stands for the value of a setting: equal for equal values, and nobody can read the value from it who can't guess it. */
export function valueDigest(text: string): string {
  return `text ${createHash('sha256').update(text).digest('base64url')}`;
}

/** The same for a setting that takes its value from a secret of the app. */
export function secretDigest(text: string): string {
  return `secret ${createHash('sha256').update(text).digest('base64url')}`;
}
