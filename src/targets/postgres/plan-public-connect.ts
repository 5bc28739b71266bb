import type { Finding, StagePlan, Step } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { isRevocable } from './compare-rights.ts';
import type { Right, RightsObservation, RightsOn } from './rights.ts';
import type { Sql } from './sql.ts';
import { grant, revokePublicConnect } from './statements.ts';

/** Takes CONNECT on a database from PUBLIC. `keepers` are given it first, so that they don't lose it too. */
export interface PublicConnectAction {
  readonly kind: 'revoke-public';
  readonly database: string;
  readonly keepers: readonly string[];
  readonly actFor: string | undefined;
}

export type PublicConnectStep = Step & PublicConnectAction;

/** How the operator itself gets into a database. */
export interface DirectConnect {
  /** The role as which it logs in. */
  readonly operator: string;
  /** Whether that may connect also when not everybody may; looked for only where everybody may and we can change that. */
  readonly isDirect: boolean;
}

/** Whether everybody may connect to the database and we can change that. Pure. */
export function canBeClosed(found: Pick<RightsObservation, 'objects'>): boolean {
  return openings(found).some(({ object, right }) => isRevocable(object, right));
}

/** What is to be done so that not everybody may connect to the database. Where its owner alone can do that, a finding tells how. Pure. */
export function planPublicConnect(found: RightsObservation, { operator, isDirect }: DirectConnect): StagePlan<PublicConnectStep> {
  const { database, userName } = found;
  const ours = openings(found).find(({ object, right }) => isRevocable(object, right));
  const findings = openings(found)
    .filter(({ object, right }) => !isRevocable(object, right))
    .map(({ right }) => irrevocable(database, right, [operator, userName]));
  if (!ours) return { steps: [], findings };
  const { acting, owner } = ours.object;
  const actFor = acting === 'selfgrant' && ours.right.grantor === owner ? owner : undefined;
  const action: PublicConnectAction = { kind: 'revoke-public', database, keepers: isDirect ? [] : [operator], actFor };
  return { steps: [{ ...action, stage: 'grants', summary: publicConnectStatements(action).join('; ') }], findings };
}

/** The statements of a step, to be sent one after the other in one transaction. */
export function publicConnectStatements({ database, keepers }: Pick<PublicConnectAction, 'database' | 'keepers'>): readonly Sql[] {
  const grants = keepers.length === 0 ? [] : [grant(['CONNECT'], [{ kind: 'database', name: database }], keepers)];
  return [...grants, revokePublicConnect(database)];
}

function openings({ objects }: Pick<RightsObservation, 'objects'>): readonly { readonly object: RightsOn; readonly right: Right }[] {
  return objects
    .filter(({ on }) => on.kind === 'database')
    .flatMap((object) => object.rights.map((right) => ({ object, right })))
    .filter(({ right }) => right.public && right.privilege === 'CONNECT');
}

/** Whoever follows it must not shut us out, nor the connection's user. */
function irrevocable(database: string, { grantor }: Right, keepers: readonly string[]): Finding {
  const statements = publicConnectStatements({ database, keepers }).join('; ');
  const message = `everybody may connect to database ${database} by grant of ${grantor}, which the policy doesn't want: have ${grantor} run ${statements}`;
  return finding('PrivilegeNotRevocable', message, { blocking: false });
}
