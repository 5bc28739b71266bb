import type { ConnectionSpec } from '../api/spec.ts';
import type { Part, Policy } from './verdict.ts';

/**
 * Whether a policy has the shape that its schema demands, as far as it is judged by. One that hasn't allows nothing, and the others are judged as if it weren't there.
 */
export function isPolicy(policy: unknown): policy is Policy {
  const { metadata, spec } = object(policy);
  const { namespaces, workloads, identities, limits, targets } = object(spec);
  const { names, selector } = object(namespaces);
  const { matchLabels, matchExpressions } = object(selector);
  const { serviceAccounts, resourceIds } = object(workloads);
  const { userAssigned, servicePrincipals } = object(identities);
  return (
    isText(object(metadata)['name']) &&
    isObject(namespaces) &&
    [selector, matchLabels, workloads, identities, limits].every(isMissingOr(isObject)) &&
    [names, serviceAccounts, resourceIds, userAssigned].every(isMissingOr(isListOf(isText))) &&
    isMissingOr(isListOf(isObject))(servicePrincipals) &&
    Object.values(object(matchLabels)).every(isText) &&
    isMissingOr(isListOf(isExpression))(matchExpressions) &&
    Object.values(object(limits)).every((limit) => typeof limit === 'number') &&
    isListOf(isEntry)(targets)
  );
}

/** The first part of a connection that hasn't the shape that its schema demands, as far as it is judged by. */
export function oddPart(spec: ConnectionSpec): Part | undefined {
  const { workload, identity, target, databaseUser, access, output } = object(spec);
  const { serviceAccount, containerApp, webApp, springApp } = object(workload);
  const { userAssigned, servicePrincipal } = object(identity);
  const { profile, schemas, grants, roles } = object(access);
  if (!isText(object(workload)['type'])) return 'workload';
  if (![serviceAccount, containerApp, webApp, springApp].every(isMissingOr(isObject))) return 'workload';
  if (!isMissingOr(isText)(object(serviceAccount)['name'])) return 'workload';
  if (!isText(object(identity)['type']) || ![userAssigned, servicePrincipal].every(isMissingOr(isObject))) return 'identity';
  if (!['PostgreSQL', 'MySQL', 'AzureSQL'].includes(String(object(target)['type']))) return 'server';
  if (!isText(object(target)['database'])) return 'database';
  if (!isText(profile)) return 'profile';
  if (!isMissingOr(isListOf(isText))(schemas)) return 'schemas';
  if (!isMissingOr(isListOf(isGrant))(grants)) return 'grants';
  if (!isMissingOr(isListOf(isText))(roles)) return 'roles';
  if (![databaseUser, output].every(isMissingOr(isObject)) || !isMissingOr(isText)(object(databaseUser)['name'])) return 'user';
  return undefined;
}

type Test = (value: unknown) => boolean;

function isEntry(entry: unknown): boolean {
  const { servers, databases, profiles, customPrivileges, roles, users, schemas, setup } = object(entry);
  const { knownTriggers } = object(setup);
  return (
    [servers, databases, profiles].every(isListOf(isText)) &&
    [customPrivileges, roles, users, schemas, knownTriggers].every(isMissingOr(isListOf(isText))) &&
    isMissingOr(isObject)(setup)
  );
}

function isExpression(expression: unknown): boolean {
  const { key, values } = object(expression);
  return isText(key) && isMissingOr(isListOf(isText))(values);
}

function isGrant(grant: unknown): boolean {
  const { objectType, schema, names, privileges } = object(grant);
  return isText(objectType) && isMissingOr(isText)(schema) && isMissingOr(isListOf(isText))(names) && isListOf(isText)(privileges);
}

function isListOf(test: Test): Test {
  return (value) => Array.isArray(value) && value.every(test);
}

function isMissingOr(test: Test): Test {
  return (value) => value === undefined || test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value's fields; none when it isn't an object. */
function object(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
