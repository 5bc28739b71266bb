import { createHash, createHmac } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';

/** Tags of an Azure resource, as found. Azure doesn't look at the case of their names. */
export type Tags = Readonly<Record<string, string>>;

/** Tags to be set, or removed where it says null. */
export type TagChanges = Readonly<Record<string, string | null>>;

/** Whose a tag is. */
export interface TagOwner {
  /** Of the cluster, as in the marks of database users. */
  readonly cluster: string;
  /** Of the connection, the same again after the resource was made anew. */
  readonly connection: string;
  /** The connection's uid. Nobody can write a claim who doesn't know it, and it stands nowhere on the resource. */
  readonly uid: string;
}

/** What on a resource may be claimed: a setting of a place (a container, or the one place of an app), an app secret, an attached identity, the resource itself. */
export type Claim =
  | { readonly kind: 'setting'; readonly place: string; readonly name: string }
  | { readonly kind: 'secret' | 'identity'; readonly name: string }
  | { readonly kind: 'created' };

const prefix = 'dbaccess-';
/** Characters of a claim: three that everybody can work out, three that take the uid. */
const claimLength = 6;
/** A tag's value has at most 256 characters: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations */
const claimsPerTag = 42;
/** Azure allows 50 tags on a resource, and other connections need some too. */
const maximumTags = 10;

/** What the tags of a resource say of what on it is ours. Opaque on purpose: whoever may read the resource can read its tags. */
export class TagMark {
  readonly #owner: TagOwner;
  readonly #own: ReadonlySet<string>;
  readonly #others: ReadonlySet<string>;

  constructor(tags: Tags, owner: TagOwner) {
    this.#owner = owner;
    const marks = Object.entries(tags).filter(([name]) => name.toLowerCase().startsWith(prefix));
    const [own, others] = [marks.filter(([name]) => isOwnName(name, owner)), marks.filter(([name]) => !isOwnName(name, owner))];
    this.#own = new Set(own.flatMap(([, value]) => split(value)));
    this.#others = new Set(others.flatMap(([, value]) => split(value)).map((claim) => claim.slice(0, 3)));
  }

  /** Whether this connection, in this life of it, has said that it is its own. */
  has(claim: Claim): boolean {
    return this.#own.has(claimText(claim, this.#owner));
  }

  /** Whether another connection says so, which can't be told from the tags alone for certain: one time in some thousands it is a coincidence. */
  isOthers(claim: Claim): boolean {
    return this.#others.has(publicPart(claim));
  }

  /** Whether the resource bears no claim of this connection. */
  get isEmpty(): boolean {
    return this.#own.size === 0;
  }

  /** The mark with some claims more and some less; the others stay, though nobody can tell any more what they are of. */
  texts({ add = [], drop = [] }: { readonly add?: readonly Claim[]; readonly drop?: readonly Claim[] }): readonly string[] {
    const gone = new Set(drop.map((claim) => claimText(claim, this.#owner)));
    return [...new Set([...this.#own, ...claimTexts(add, this.#owner)])].filter((text) => !gone.has(text));
  }
}

/** The claims as they stand in tags. */
export function claimTexts(claims: readonly Claim[], owner: TagOwner): readonly string[] {
  return claims.map((claim) => claimText(claim, owner));
}

/**
 * What is to be changed in the tags so that they hold exactly these claims; null removes a tag. Undefined when they do already.
 * Throws ConnectionError SettingNotAllowed when they would not fit.
 */
export function tagChanges(tags: Tags, owner: TagOwner, texts: readonly string[]): TagChanges | undefined {
  const sorted = [...new Set(texts)].sort();
  const wanted = new Map<string, string>();
  for (let index = 0; index * claimsPerTag < sorted.length; index += 1)
    wanted.set(tagName(owner, index), sorted.slice(index * claimsPerTag, (index + 1) * claimsPerTag).join(''));
  if (wanted.size > maximumTags) {
    throw new ConnectionError(
      'stalled',
      reasons.SettingNotAllowed,
      `the connection has ${sorted.length} settings, counted for each container, and ${maximumTags * claimsPerTag} can be looked after: name fewer containers or settings`,
    );
  }
  const found = new Map(Object.entries(tags).flatMap(([name, value]) => (isOwnName(name, owner) ? [[name.toLowerCase(), value]] : [])));
  const changes = [
    ...[...wanted].filter(([name, value]) => found.get(name) !== value),
    ...[...found.keys()].filter((name) => !wanted.has(name)).map((name) => [name, null] as const),
  ];
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}

/** The tags after such changes. */
export function changedTags(tags: Tags, changes: TagChanges): Tags {
  const lower = new Set(Object.keys(changes));
  const kept = Object.entries(tags).filter(([name]) => !lower.has(name.toLowerCase()));
  const set = Object.entries(changes).filter((change): change is [string, string] => change[1] !== null);
  return Object.fromEntries([...kept, ...set]);
}

/**
 * The `tags` of a PATCH; undefined when they stay. All of them, because by Azure's contract with its services those that a PATCH brings are all that there shall be
 * (quoted in https://github.com/Azure/ARO-HCP/pull/3384), and null for each that goes, because some services merge them.
 */
export function tagsPatch(from: Tags, to: Tags): TagChanges | undefined {
  if (isDeepStrictEqual(from, to)) return undefined;
  const gone = Object.keys(from).filter((name) => !(name in to));
  return { ...to, ...Object.fromEntries(gone.map((name) => [name, null])) };
}

function tagName({ cluster, connection }: TagOwner, index: number): string {
  return `${prefix}${cluster}-${connection}${index === 0 ? '' : `-${index + 1}`}`;
}

function isOwnName(name: string, { cluster, connection }: TagOwner): boolean {
  const own = `${prefix}${cluster}-${connection}`;
  return name.toLowerCase() === own || new RegExp(`^${own}-\\d{1,2}$`).test(name.toLowerCase());
}

function split(value: string): readonly string[] {
  return value.match(new RegExp(`[\\w-]{${claimLength}}`, 'g')) ?? [];
}

function claimText(claim: Claim, { uid }: TagOwner): string {
  return publicPart(claim) + createHmac('sha256', uid).update(textOf(claim)).digest('base64url').slice(0, 3);
}

function publicPart(claim: Claim): string {
  return createHash('sha256').update(textOf(claim)).digest('base64url').slice(0, 3);
}

function textOf(claim: Claim): string {
  switch (claim.kind) {
    case 'setting':
      return `setting\n${claim.place}\n${claim.name}`;
    case 'secret':
    case 'identity':
      return `${claim.kind}\n${claim.name}`;
    case 'created':
      return 'created';
    default:
      return claim satisfies never;
  }
}
