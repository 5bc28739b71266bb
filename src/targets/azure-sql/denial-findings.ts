import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { type Promised, promisedEverywhere } from './profile.ts';
import type { Denial, RightsObservation } from './rights.ts';
import { describeSecurable, type Securable } from './securable.ts';
import { quoted } from './steps.ts';

/** Denials in one message each, and no more messages than these. */
const maximumFindings = 5;

/**
 * Promised rights that don't hold, because they are denied to everybody or to a role that the spec names: a denial beats every grant
 * (https://learn.microsoft.com/sql/t-sql/statements/deny-transact-sql). It isn't ours to take back. Pure.
 */
export function denialFindings(promised: Promised, found: RightsObservation): Finding[] {
  const { denials, roles, userName } = found;
  const groups = new Set(['public', ...roles.filter(({ whyNever }) => whyNever === undefined).flatMap(({ around }) => around)]);
  return denials
    .filter(({ grantee, on, permission }) => groups.has(grantee) && on && isAmong(permission, promisedOn(promised, on, found)))
    .slice(0, maximumFindings)
    .map((denial) => denied(denial, userName));
}

/** What CONTROL promises that applications miss. */
const partsOfControl: readonly string[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE', 'REFERENCES', 'ALTER'];

function isAmong(permission: string, promised: readonly string[]): boolean {
  return promised.includes(permission) || (promised.includes('CONTROL') && partsOfControl.includes(permission));
}

/** What is promised on a thing, by itself or by way of what it is in. */
function promisedOn(promised: Promised, on: Securable, { schemas, objects }: RightsObservation): readonly string[] {
  const everywhere = promisedEverywhere(promised);
  if (on.kind === 'database') return everywhere;
  if (on.kind !== 'schema' && on.kind !== 'object') return [];
  const schema = on.kind === 'schema' ? on.name : on.schema;
  const inSchema = promised.schemas.filter(({ schema: asked }) => schemas.some((each) => each.asked === asked && each.name === schema));
  const onObject = promised.objects.filter(
    ({ kind, schema: askedSchema, name }) =>
      on.kind === 'object' &&
      objects.some(
        (each) =>
          each.kind === kind &&
          each.asked.schema === askedSchema &&
          each.asked.name === name &&
          each.schema === schema &&
          each.name === on.name,
      ),
  );
  return [...everywhere, ...[...inSchema, ...onObject].flatMap(({ permissions }) => permissions)];
}

function denied({ grantee, permission, on }: Denial, userName: string): Finding {
  const what = on ? describeSecurable(on) : 'something';
  const message = `${userName} lacks ${permission}, because it is denied to ${quoted(grantee)} on ${what}: have that DENY taken back`;
  return finding('PrivilegeDenied', message, { blocking: true });
}
