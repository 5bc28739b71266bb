import type { PolicyEntry } from '../api/spec.ts';
import { isNamespaceDenied, type NamespaceFacts, selectsNamespace } from './namespaces.ts';
import { type Request, readRequest } from './request.ts';
import { effectiveSetup } from './setup.ts';
import { isPolicy, oddPart } from './shape.ts';
import { isPrivilegedRole, isSystemDatabase, isSystemSchema } from './system-names.ts';
import { type ConnectionFacts, type Part, type Policy, parts, type Refused, type Verdict } from './verdict.ts';
import { entryParts } from './what.ts';
import { refuseIdentity, refuseWorkload } from './who.ts';

/** How one policy's entry answers: it allows the whole connection, or `but` says what is in the way first. */
type Answer = { readonly policy: string; readonly entry: PolicyEntry } & ({ readonly allows: true } | Objection);
interface Objection {
  readonly allows: false;
  readonly part: Part;
  readonly but: string;
}

/**
 * Whether the connection is allowed, whole, by one entry of one policy (design 2). Pure, and asked again before every step: on the spec before any call,
 * and with `resolvedIdentity` as soon as it is known which identity a client id means. Never throws: what is odd is refused.
 */
export function evaluate(
  connection: ConnectionFacts,
  policies: readonly Policy[],
  namespace: NamespaceFacts,
  { operatorNamespace }: { readonly operatorNamespace: string },
): Verdict {
  const denied = denial(connection, namespace.name, operatorNamespace);
  if (denied) return denied;
  const read = readRequest(connection);
  if (!read.ok) return never(read.part, read.why);

  const { request } = read;
  const usable = policies.filter(isPolicy).sort(byName);
  const answers = usable
    .filter(({ spec }) => selectsNamespace(spec.namespaces, namespace))
    .flatMap((policy) => ask(policy, request, namespace.name));
  const allowing = answers.filter((answer) => answer.allows);
  const [first] = allowing;
  if (first) {
    const entries = allowing.map(({ entry }) => entry);
    return {
      allowed: true,
      policy: first.policy,
      entry: first.entry,
      setup: effectiveSetup(entries, usable, request.server, namespace.name),
      mayAbandon: entries.some((entry) => entry.abandon === 'Allow'),
    };
  }
  // Whether a client id belongs to an identity out of reach or to none must not show, so both are refused as the latter (threat-model I4).
  if (isFoundByClientId(connection))
    return evaluate({ ...connection, resolvedIdentity: 'absent' }, policies, namespace, { operatorNamespace });
  return refusal(answers, namespace.name);
}

/** What no policy can lift. */
function denial({ spec }: ConnectionFacts, namespace: string, operatorNamespace: string): Refused | undefined {
  if (isNamespaceDenied(namespace, operatorNamespace))
    return never('namespace', `connections in namespace ${quoted(namespace)} are never served`);
  const odd = oddPart(spec);
  if (odd) return never(odd, `the ${odd} part of the spec is not of the form that its schema demands`);
  const { target, access } = spec;
  if (isSystemDatabase(target.type, target.database))
    return never('database', `spec.target.database ${quoted(target.database)} is a system database`);
  const schema = [...(access.schemas ?? []), ...(access.grants ?? []).flatMap((grant) => grant.schema ?? [])].find((each) =>
    isSystemSchema(target.type, each),
  );
  if (schema !== undefined) return never('schemas', `schema ${quoted(schema)} of spec.access is a system schema`);
  const role = access.roles?.find(isPrivilegedRole);
  if (role !== undefined) return never('roles', `role ${quoted(role)} of spec.access.roles is a privileged role`);
  return undefined;
}

/** The answers of all entries of a policy. What concerns the policy as a whole is the same in each. */
function ask(policy: Policy, request: Request, namespace: string): readonly Answer[] {
  const who = objectionToWhom(policy, request, namespace);
  const limits = objectionByLimits(policy, request);
  return policy.spec.targets.map((entry) => ({
    policy: policy.metadata.name,
    entry,
    ...(who ?? objectionToWhat(entry, request, namespace) ?? limits ?? { allows: true }),
  }));
}

function objectionToWhom({ spec }: Policy, request: Request, namespace: string): Objection | undefined {
  return objection('workload', refuseWorkload(request, spec, namespace)) ?? objection('identity', refuseIdentity(request, spec, namespace));
}

function objectionToWhat(entry: PolicyEntry, request: Request, namespace: string): Objection | undefined {
  for (const { part, refuse } of entryParts) {
    const found = objection(part, refuse(request, entry, namespace));
    if (found) return found;
  }
  return undefined;
}

function objectionByLimits({ metadata, spec }: Policy, { spec: { identity, workload }, usage }: Request): Objection | undefined {
  const { connectionsPerNamespace, serviceAccountsPerIdentity } = spec.limits ?? {};
  if (connectionsPerNamespace !== undefined && (usage?.connections(metadata.name) ?? 0) >= connectionsPerNamespace)
    return objection('limits', `the namespace already has its ${connectionsPerNamespace} connections of that policy`);
  const federates = workload.type === 'ServiceAccount' && identity.type === 'UserAssigned';
  if (federates && serviceAccountsPerIdentity !== undefined && (usage?.serviceAccountsOnIdentity ?? 0) >= serviceAccountsPerIdentity)
    return objection('limits', `the namespace already has its ${serviceAccountsPerIdentity} service accounts on the identity`);
  return undefined;
}

function objection(part: Part, but: string | undefined): Objection | undefined {
  return but === undefined ? undefined : { allows: false, part, but };
}

/** The refusal of the nearest policy: the one whose answer came to the latest part, the first of these by name. */
function refusal(answers: readonly Answer[], namespace: string): Refused {
  let nearest: (Answer & Objection) | undefined;
  for (const answer of answers) {
    if (!answer.allows && (!nearest || parts.indexOf(answer.part) > parts.indexOf(nearest.part))) nearest = answer;
  }
  if (!nearest) return never('namespace', `no ConnectionPolicy is for namespace ${quoted(namespace)}: ask the platform team for one`);
  const { part, policy, but } = nearest;
  return {
    allowed: false,
    part,
    message: `no ConnectionPolicy allows it: policy ${quoted(policy)} is nearest, but ${but}`,
    nearestPolicy: policy,
  };
}

function never(part: Part, message: string): Refused {
  return { allowed: false, part, message };
}

function isFoundByClientId({ spec, resolvedIdentity }: ConnectionFacts): boolean {
  return typeof resolvedIdentity === 'object' && spec.identity.userAssigned?.resourceId === undefined;
}

function byName(a: Policy, b: Policy): number {
  return a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
