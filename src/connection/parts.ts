import { isDeepStrictEqual } from 'node:util';
import type { Stage } from '../api/conditions.ts';
import { ConnectionError } from '../api/connection-error.ts';
import { inSync, type StagePlan, type Step } from '../api/step.ts';
import type { ResolvedIdentity } from '../identities/identity.ts';
import { isReserved } from '../policy/reserved-identity.ts';
import { type SecretText, secretText } from '../runtime/secret-text.ts';
import type { ApplyOptions, Cancellable, ServerObservation, TargetRequest, UserObservation } from '../targets/target.ts';
import type { SecretNames, Settings } from '../workloads/workload.ts';
import type { Deps } from './deps.ts';
import { inStage } from './in-stage.ts';
import { Overtaken, requirePermission } from './permit.ts';
import { renderSettings } from './render.ts';
import type { Request } from './request.ts';
import { applySetup, observeServer, planServer } from './server-setup.ts';

/** What one pass has seen, part by part, in the order of `parts`. A part is absent until those before it are in sync. */
export interface Observation {
  /** Without `resolved` it is not there yet, and its plan makes it. */
  readonly identity?: { readonly resolved: ResolvedIdentity | undefined; readonly federation: unknown };
  readonly workload?: { readonly seen: unknown };
  readonly server?: ServerObservation;
  readonly user?: UserObservation;
  readonly grants?: { readonly seen: unknown };
  readonly settings?: { readonly seen: unknown };
}

export type PartName = keyof Observation;

/** One thing that is observed, planned and applied by itself. Several may make up a stage. */
export interface Part {
  readonly name: PartName;
  readonly stage: Stage;
  observe(request: Request, seen: Observation, deps: Deps, options: Cancellable): Promise<Observation>;
  /** Pure. */
  plan(request: Request, seen: Observation, deps: Deps): StagePlan;
  apply(steps: readonly Step[], request: Request, seen: Observation, deps: Deps, options: ApplyOptions): Promise<void>;
}

/** The parts of every connection, in the order in which they are reached. */
export const parts: readonly Part[] = [
  {
    name: 'identity',
    stage: 'identity',
    async observe(request, seen, deps, { signal }) {
      const kind = identityKind(request, deps);
      const resolved = await kind.resolve(request.identity, { signal });
      requirePermission(request, deps, resolved?.resourceId ?? 'absent');
      if (!resolved) {
        if (kind.planMissing(request.identity).steps.length === 0) throw identityNotFound(request);
        return { ...seen, identity: { resolved, federation: undefined } };
      }
      await refuseReserved(request, resolved, deps, { signal });
      return { ...seen, identity: { resolved, federation: await kind.observe(request.identity, resolved, { signal }) } };
    },
    plan(request, seen, deps) {
      const kind = identityKind(request, deps);
      const { resolved, federation } = identity(seen);
      return resolved ? kind.plan(request.identity, resolved, federation) : kind.planMissing(request.identity);
    },
    apply: (steps, request, _seen, deps, options) => identityKind(request, deps).apply(steps, request.identity, options),
  },
  {
    name: 'workload',
    stage: 'identity',
    async observe(request, seen, deps, { signal }) {
      return { ...seen, workload: { seen: await workloadKind(request, deps).observeIdentity(request.workload, { signal }) } };
    },
    plan: (request, seen, deps) => workloadKind(request, deps).planIdentity(request.workload, resolvedIdentity(seen), seen.workload?.seen),
    apply: (steps, request, seen, deps, options) =>
      workloadKind(request, deps).apply(
        steps,
        request.workload,
        { identity: resolvedIdentity(seen), settings: {}, secretNames: new Set() },
        options,
      ),
  },
  {
    name: 'server',
    stage: 'server',
    async observe(request, seen, deps, { signal }) {
      return { ...seen, server: await observeServer(target(request, deps), request.target, deps, { signal }) };
    },
    plan: (request, seen) => (seen.server ? planServer(seen.server, request.target.setup) : inSync),
    async apply(steps, request, seen, deps, options) {
      // what a policy lends may be taken back while the connection stays permitted
      const { setup } = requirePermission(request, deps, seen.identity?.resolved?.resourceId);
      if (!isDeepStrictEqual(planServer(server(seen), setup).steps, steps))
        throw new Overtaken('the set-up that the policies allow changed while the operator was at work on it');
      await applySetup(steps, server(seen), deps, options);
    },
  },
  {
    name: 'user',
    stage: 'user',
    async observe(request, seen, deps, { signal }) {
      const user = await target(request, deps).observeUser(targetRequest(request, seen), server(seen), { signal });
      await deps.ledger.rememberServer(request.target.serverId, user.serverIdentifier, { database: user.database, signal });
      return { ...seen, user };
    },
    plan: (request, seen, deps) => (seen.user ? target(request, deps).planUser(targetRequest(request, seen), seen.user) : inSync),
    apply: (steps, request, seen, deps, options) => target(request, deps).apply(steps, targetRequest(request, seen), server(seen), options),
  },
  {
    name: 'grants',
    stage: 'grants',
    async observe(request, seen, deps, { signal }) {
      const grants = await target(request, deps).observeGrants(targetRequest(request, seen), server(seen), user(seen), { signal });
      return { ...seen, grants: { seen: grants } };
    },
    plan: (request, seen, deps) => target(request, deps).planGrants(targetRequest(request, seen), seen.grants?.seen),
    apply: (steps, request, seen, deps, options) => target(request, deps).apply(steps, targetRequest(request, seen), server(seen), options),
  },
  {
    name: 'settings',
    stage: 'settings',
    async observe(request, seen, deps, { signal }) {
      return { ...seen, settings: { seen: await workloadKind(request, deps).observeSettings(request.workload, { signal }) } };
    },
    plan(request, seen, deps) {
      const { values, secretNames } = settings(request, seen, deps);
      return workloadKind(request, deps).planSettings(request.workload, values, seen.settings?.seen, secretNames);
    },
    async apply(steps, request, seen, deps, options) {
      const { values, secretNames } = settings(request, seen, deps);
      const context = { identity: resolvedIdentity(seen), settings: values, secretNames };
      await workloadKind(request, deps).apply(steps, request.workload, context, options);
    },
  },
];

function identityNotFound({ spec }: Request): ConnectionError {
  const { resourceId, clientId, subscriptionId } = spec.identity.userAssigned ?? {};
  const named = resourceId ?? `with client id ${clientId} in subscription ${subscriptionId}`;
  return new ConnectionError(
    'waiting',
    'IdentityNotFound',
    `there is no user-assigned identity ${named}: create it, or correct spec.identity`,
  );
}

/** Whoever may federate an identity is that identity: the operator's own and every server's administrators are out of reach (threat-model I1). */
async function refuseReserved(request: Request, identity: ResolvedIdentity, deps: Deps, { signal }: Cancellable): Promise<void> {
  const observed = await inStage('server', () => observeServer(target(request, deps), request.target, deps, { signal }));
  const administratorIds = await deps.ledger.rememberAdministrators(request.target.serverId, observed.administratorIds, { signal });
  if (!isReserved(identity, deps.operator, administratorIds)) return;
  throw new ConnectionError(
    'stalled',
    'IdentityReserved',
    'the identity is the operator’s own or administers a database server, and no workload may become it: use an identity of the workload’s own',
  );
}

/** The settings, and which of them change with the client secret. */
function settings(request: Request, seen: Observation, deps: Deps): { readonly values: Settings; readonly secretNames: SecretNames } {
  const resolved = resolvedIdentity(seen);
  const { output } = request.workload;
  const input = {
    clientType: output.clientType ?? 'None',
    identityType: request.spec.identity.type,
    workloadType: request.spec.workload.type,
    host: server(seen).host,
    port: request.port,
    database: request.target.database,
    userName: request.target.userName,
    clientId: resolved.clientId,
    tenantId: resolved.tenantId,
    prefix: output.prefix,
  } as const;
  const render = (clientSecret: SecretText | undefined) => {
    const withSecret = clientSecret ? { ...input, clientSecret } : input;
    return renderSettings(target(request, deps).settings(withSecret), output, withSecret);
  };
  const values = render(resolved.clientSecret);
  const another = resolved.clientSecret && secretText(`${resolved.clientSecret.reveal()}-`);
  return { values, secretNames: another ? namesThatDiffer(values, render(another)) : new Set() };
}

function namesThatDiffer(a: Settings, b: Settings): SecretNames {
  return new Set(Object.keys(a).filter((name) => a[name] !== b[name]));
}

function targetRequest(request: Request, seen: Observation): TargetRequest {
  const { principalId, clientId } = resolvedIdentity(seen);
  return { ...request.target, identity: { principalId, clientId } };
}

function target(request: Request, deps: Deps) {
  return deps.targets.get(request.spec.target.type) ?? notServed(request.spec.target.type);
}

function workloadKind(request: Request, deps: Deps) {
  return deps.workloads.get(request.spec.workload.type) ?? notServed(request.spec.workload.type);
}

function identityKind(request: Request, deps: Deps) {
  return deps.identities.get(request.spec.identity.type) ?? notServed(request.spec.identity.type);
}

function notServed(type: string): never {
  throw new ConnectionError('stalled', 'NotYetServed', `this version of the operator does not serve ${type}`);
}

function identity(seen: Observation) {
  return seen.identity ?? missing('identity');
}
function resolvedIdentity(seen: Observation): ResolvedIdentity {
  return identity(seen).resolved ?? missing('identity');
}
function server(seen: Observation): ServerObservation {
  return seen.server ?? missing('server');
}
function user(seen: Observation): UserObservation {
  return seen.user ?? missing('user');
}
function missing(part: PartName): never {
  throw new Error(`${part} is needed before it was observed`);
}
