import { inSync, type StagePlan, type Step } from '../api/step.ts';
import type { TokenIds } from '../azure/credential.ts';
import type { AzureCalls } from '../azure/reads.ts';
import type { ResourceId } from '../azure/resource-id.ts';
import type { AdministratorChange } from '../azure/server-setup.ts';
import { type FirewallWindow, planSetup, type SetupStep } from '../targets/plan-setup.ts';
import { noSetup, type ServerSetup, SetupNeeded } from '../targets/setup-needed.ts';
import type { ApplyOptions, Cancellable, EndingRequest, ServerObservation, Target } from '../targets/target.ts';
import type { Deps } from './deps.ts';

/** A server that the operator can't log in to, and what is known for setting it up. */
export interface UnreadyServer extends ServerObservation {
  readonly login: undefined;
  readonly needed: SetupNeeded;
  readonly window: FirewallWindow;
}

/** Changes to servers in Azure, in the name of the operator. All throw ConnectionError. */
export interface ServerSetupCalls {
  enableEntraAuthentication(id: ResourceId, options: Cancellable): Promise<void>;
  assignServerIdentity(id: ResourceId, identityId: ResourceId, options: Cancellable): Promise<void>;
  setAdministrator(id: ResourceId, change: AdministratorChange, options: Cancellable): Promise<void>;
}

/** The same changes for whoever the operator is. */
export function serverSetupBy(calls: AzureCalls, operator: TokenIds): ServerSetupCalls {
  return {
    enableEntraAuthentication: (id, options) => calls.enableEntraAuthentication(id, operator, options),
    assignServerIdentity: (id, identityId, options) => calls.assignServerIdentity(id, identityId, options),
    setAdministrator: (id, change, options) => calls.setAdministrator(id, operator, change, options),
  };
}

type ServerRequest = Pick<EndingRequest, 'serverId'> & Partial<Pick<EndingRequest, 'database' | 'setup'>>;

/** Set-ups of one server one after the other: authentication, identity, administrator, firewall. */
const maximumRounds = 6;

/** The server, also where the operator can't log in yet and Azure could be set up for it. Never writes. Throws what observing throws. */
export async function observeServer(
  target: Target,
  request: ServerRequest,
  deps: Pick<Deps, 'firewallWindows'>,
  { signal }: Cancellable,
): Promise<ServerObservation | UnreadyServer> {
  try {
    const server = await target.observeServer(request, { signal });
    deps.firewallWindows.loggedIn(server, target);
    return server;
  } catch (error) {
    if (!(error instanceof SetupNeeded)) throw error;
    const { gap, server } = error;
    const window: FirewallWindow =
      gap.kind === 'firewall' ? await deps.firewallWindows.look(server.serverId, gap.address, { signal }) : { kind: 'may-open' };
    return { ...server, needed: error, window };
  }
}

/** What to change on the server so that the operator can log in. Pure. */
export function planServer(server: ServerObservation | UnreadyServer, setup: ServerSetup | undefined): StagePlan<SetupStep> {
  return isUnready(server) ? planSetup(setup ?? noSetup, server.needed, server.window) : inSync;
}

/** Carries out steps of planServer. Throws ConnectionError. */
export async function applySetup(
  steps: readonly Step[],
  { serverId, host }: ServerObservation,
  deps: Pick<Deps, 'serverSetup' | 'firewallWindows'>,
  { beforeStep, signal }: ApplyOptions,
): Promise<void> {
  for (const step of steps as readonly SetupStep[]) {
    beforeStep(step);
    switch (step.kind) {
      case 'enable-entra-authentication':
        await deps.serverSetup.enableEntraAuthentication(serverId, { signal });
        break;
      case 'assign-server-identity':
        await deps.serverSetup.assignServerIdentity(serverId, step.identityId, { signal });
        break;
      case 'set-administrator':
      case 'take-over-administrator': {
        const { sid, directoryReader } = step;
        const replaces = step.kind === 'take-over-administrator';
        await deps.serverSetup.setAdministrator(serverId, { sid, directoryReader, replaces }, { signal });
        break;
      }
      case 'open-firewall':
        await deps.firewallWindows.open({ serverId, host }, step.address, { signal });
        break;
      default:
        step satisfies never;
    }
  }
}

/**
 * The server, with the operator able to log in: it is set up as far as the policy allows. For what ends an access, which has no plan of its own.
 * Throws the failure that is left.
 */
export async function reachServer(
  target: Target,
  request: ServerRequest,
  deps: Pick<Deps, 'firewallWindows' | 'serverSetup' | 'logger'>,
  { signal }: Cancellable,
): Promise<ServerObservation> {
  const beforeStep = ({ kind, summary }: Step) => {
    signal.throwIfAborted();
    deps.logger.info('step', { stage: 'server', kind, summary });
  };
  for (let round = 1; ; round += 1) {
    const server = await observeServer(target, request, deps, { signal });
    if (!isUnready(server)) return server;
    const { steps } = planServer(server, request.setup);
    if (steps.length === 0 || round > maximumRounds) throw server.needed;
    await applySetup(steps, server, deps, { beforeStep, signal });
  }
}

function isUnready(server: ServerObservation | UnreadyServer): server is UnreadyServer {
  return 'needed' in server;
}
