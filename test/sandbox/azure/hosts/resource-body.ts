import { ArmError, armErrors } from '../arm-error.ts';
import { isObject, type JsonObject } from './json.ts';

/** The members of a resource that Azure Resource Manager knows; all else is `properties` and the provider's. */
const known = [
  'id',
  'name',
  'type',
  'location',
  'tags',
  'kind',
  'identity',
  'properties',
  'sku',
  'plan',
  'managedBy',
  'extendedLocation',
  'zones',
  'etag',
  'systemData',
];

export interface ResourceBody {
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string | null>>;
  readonly identity?: unknown;
  readonly properties: JsonObject;
}

/** Reads the body of a PUT or PATCH as far as Azure Resource Manager does. Throws ArmError 400. */
export function readResource(body: unknown): ResourceBody {
  if (!isObject(body)) throw armErrors.contentInvalid('the resource must be an object');
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown !== undefined) throw armErrors.contentInvalid(`Could not find member '${unknown}' on object of type 'ResourceDefinition'`);
  const { location, tags, identity, properties = {} } = body as Readonly<Record<string, unknown>>;
  if (location !== undefined && typeof location !== 'string') throw armErrors.contentInvalid('location must be a text');
  if (properties !== null && !isObject(properties)) throw armErrors.contentInvalid('properties must be an object');
  return {
    ...(location !== undefined && { location }),
    ...(tags !== undefined && tags !== null && { tags: readTags(tags) }),
    ...(identity !== undefined && identity !== null && { identity }),
    properties: properties ?? {},
  };
}

/** Throws ArmError where a resource would move; blanks and case don't count. */
export function checkLocation(resource: { readonly name: string; readonly location: string }, location: string | undefined): void {
  const plain = (text: string) => text.replaceAll(' ', '').toLowerCase();
  if (location === undefined || plain(location) === plain(resource.location)) return;
  throw new ArmError(
    409,
    'InvalidResourceLocation',
    `The resource '${resource.name}' already exists in location '${resource.location}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`,
  );
}

/** How Azure shows a location to people; some providers do in ids' stead. */
export function locationAsShown(location: string): string {
  return location.replace(/^(west|east|north|south)(.*)$/, (_, first: string, rest: string) => `${capital(first)} ${capital(rest)}`);
}

function readTags(tags: unknown): Readonly<Record<string, string | null>> {
  if (!isObject(tags) || !Object.values(tags).every((value) => value === null || typeof value === 'string'))
    throw armErrors.contentInvalid('tags must be texts by name');
  if (Object.keys(tags).length > 50)
    throw new ArmError(400, 'InvalidTags', 'The tags are invalid: a resource can have at most 50 of them.');
  return tags as Readonly<Record<string, string | null>>;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
