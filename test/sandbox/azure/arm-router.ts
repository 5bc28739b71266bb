import type { Clock } from '../../../src/runtime/clock.ts';
import { type ArmAddress, matchPath } from './arm-address.ts';
import type { ArmBudget, RequestKind } from './arm-budget.ts';
import { isGranted } from './arm-caller.ts';
import { armErrors } from './arm-error.ts';
import type { ArmOperation } from './arm-operation.ts';
import { pageOf } from './arm-page.ts';
import { appsOf } from './hosts/hosts.ts';
import { checkLocks } from './hosts/lock.ts';
import type { Answer, ServiceRequest } from './service.ts';
import type { TokenClaims } from './token-signer.ts';
import type { World } from './world.ts';

/** Answers a request of a caller who has proved who it is. Throws ArmError. */
export type ArmRouter = (request: ServiceRequest, address: ArmAddress, caller: TokenClaims) => Promise<Answer>;

export interface ArmRouterOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly pageSize: number;
  readonly budget: ArmBudget;
  readonly origin: () => string;
}

/** The way of a request through Azure Resource Manager: address, subscription, budget, operation, permission, version, group, and only then the resource provider. */
export function createArmRouter(
  operations: readonly ArmOperation[],
  { world, clock, pageSize, budget, origin }: ArmRouterOptions,
): ArmRouter {
  return async (request, address, caller) => {
    const version = address.query.get('api-version');
    if (version === undefined) throw armErrors.apiVersionMissing();
    if (!/^\d{4}-\d\d-\d\d(-[a-z]+)?$/.test(version)) throw armErrors.apiVersionMalformed(version);
    const subscriptionId = subscriptionOf(address, world);
    const headers = budget.spend(kindOf(request.method), { subscriptionId, objectId: caller.oid });

    const { operation, params } = findOperation(operations, request.method, address);
    const scope = scopeOf(operation, address);
    if (caller.appid.toLowerCase() !== world.operatorClientId.toLowerCase() || !isGranted(operation.action, world.operatorActions)) {
      throw armErrors.authorizationFailed(caller.appid, caller.oid, operation.action, scope);
    }
    if (!operation.apiVersions.includes(version)) {
      throw armErrors.apiVersionUnsupported(version, typeOf(operation.path), world.location, operation.apiVersions);
    }
    const understood = ['api-version', ...(operation.query ?? [])];
    for (const name of address.query.keys()) {
      if (!understood.includes(name)) throw armErrors.queryUnknown(name);
    }
    const group = params['resourceGroup'];
    if (group !== undefined && !resourceGroups(world).has(group.toLowerCase())) throw armErrors.resourceGroupNotFound(group);
    checkLocks(world.locks, request.method, scope);

    const answer = await operation.run({
      world,
      clock,
      params,
      query: address.query,
      body: await bodyOf(request),
      apiVersion: version,
      origin: origin(),
      demandLinked: (action, linkedScope) => {
        if (isGranted(action, world.operatorActions)) return;
        const { appid: clientId, oid: objectId } = caller;
        throw armErrors.linkedAuthorizationFailed({ clientId, objectId, action: operation.action, scope }, { action, scope: linkedScope });
      },
      page: (items) =>
        pageOf(items, {
          size: pageSize,
          skipToken: address.query.get('$skiptoken'),
          linkTo: (skipToken) => `${origin()}${address.path}?api-version=${version}&$skiptoken=${skipToken}`,
        }),
      signal: request.signal,
    });
    return { ...answer, headers: { ...headers, ...answer.headers } };
  };
}

function subscriptionOf({ segments, path }: ArmAddress, world: World): string {
  const [collection, id] = segments;
  if (collection?.toLowerCase() !== 'subscriptions' || id === undefined) throw armErrors.typeNotFound(path);
  const ids = [world.subscriptionId, ...resourceIds(world).map((each) => each.split('/')[2] ?? '')];
  if (!ids.some((each) => each.toLowerCase() === id.toLowerCase())) throw armErrors.subscriptionNotFound(id);
  return id;
}

function findOperation(operations: readonly ArmOperation[], method: string, { segments, path }: ArmAddress) {
  const fitting = operations.flatMap((operation) => {
    const params = matchPath(operation.path, segments);
    return params ? [{ operation, params }] : [];
  });
  if (fitting.length === 0) throw armErrors.typeNotFound(path);
  const found = fitting.find(({ operation }) => operation.method === method);
  if (!found) {
    const allowed = fitting.map(({ operation }) => operation.method);
    throw armErrors.methodNotAllowed(method, allowed);
  }
  return found;
}

/** A list is read at the scope above the type, anything else at the resource. */
function scopeOf({ path }: ArmOperation, { segments }: ArmAddress): string {
  const pattern = path.split('/');
  // types and names alternate behind the provider: a type without a name is a list, or an action
  const behindProvider = pattern.length - pattern.lastIndexOf('providers') - 2;
  const cut = behindProvider % 2 === 0 ? 0 : behindProvider === 1 ? 3 : 1;
  return `/${segments.slice(0, segments.length - cut).join('/')}`;
}

function typeOf(path: string): string {
  const provided = path.split('/providers/').at(-1) ?? '';
  return provided
    .split('/')
    .slice(1)
    .filter((part) => !part.startsWith('{'))
    .join('/');
}

function resourceIds(world: World): readonly string[] {
  return [...world.identities, ...world.servers, ...appsOf(world.hosts)].map(({ resourceId }) => resourceId);
}

function resourceGroups(world: World): ReadonlySet<string> {
  return new Set([world.resourceGroup, ...resourceIds(world).map((id) => id.split('/')[4] ?? '')].map((name) => name.toLowerCase()));
}

function kindOf(method: string): RequestKind {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'DELETE' ? 'delete' : 'write';
}

async function bodyOf(request: ServiceRequest): Promise<unknown> {
  if (!['PUT', 'PATCH', 'POST'].includes(request.method)) return undefined;
  const type = request.headers['content-type'] ?? '';
  if (request.method === 'POST' && type === '') return undefined;
  if (!/^application\/json\b/i.test(type)) throw armErrors.mediaTypeUnsupported(type);
  const text = await request.body();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw armErrors.contentInvalid('it is no JSON');
  }
}
