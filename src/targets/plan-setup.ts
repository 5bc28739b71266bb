import type { Reason } from '../api/reasons.ts';
import type { StagePlan } from '../api/step.ts';
import { type ResourceId, resourceName, resourcePath, sameResource } from '../azure/resource-id.ts';
import type { AdministratorToBe, ServerGap, ServerSetup, SetupNeeded } from './setup-needed.ts';

/** One change to a server in Azure. */
export type SetupStep = { readonly stage: 'server'; readonly summary: string } & SetupChange;

export type SetupChange =
  | { readonly kind: 'enable-entra-authentication' }
  | { readonly kind: 'assign-server-identity'; readonly identityId: ResourceId }
  | { readonly kind: 'set-administrator'; readonly sid: string; readonly directoryReader: ResourceId | undefined }
  | { readonly kind: 'take-over-administrator'; readonly sid: string; readonly directoryReader: ResourceId | undefined }
  | { readonly kind: 'open-firewall'; readonly address: string };

/** What is known of the temporary firewall rule of a server. */
export type FirewallWindow =
  | { readonly kind: 'may-open' }
  /** It is there; Azure takes up to five minutes until it counts. */
  | { readonly kind: 'open' }
  /** There was one not long ago. `until`: when the next may be made, as text. */
  | { readonly kind: 'spent'; readonly until: string }
  /** The address isn't one of those that the operator was told to be its own. */
  | { readonly kind: 'other-address' };

/** What to change on a server so that the operator can log in: the first change that is missing, where the policy allows it; else why not. Pure. */
export function planSetup(setup: ServerSetup, { gap, server, reason, message }: SetupNeeded, window: FirewallWindow): StagePlan<SetupStep> {
  const planned = changeFor(gap, setup, window);
  const refused = (why: string | undefined) => {
    const text = why === undefined ? message : `${message}; ${why}`;
    return { steps: [], findings: [{ reason, message: text, blocking: true }] };
  };
  if (typeof planned !== 'object') return refused(planned);
  if (server.isBusy && planned.kind !== 'open-firewall') {
    const busy: Reason = 'AzureError';
    return {
      steps: [],
      findings: [{ reason: busy, message: 'another operation changes the server just now; its set-up goes on after that', blocking: true }],
    };
  }
  const name = resourceName(server.serverId);
  return { steps: [{ stage: 'server', ...planned, summary: summaryOf(planned, name) }], findings: [] };
}

/** The change, or why there is none; undefined when the policy says nothing of it. */
function changeFor(gap: ServerGap, setup: ServerSetup, window: FirewallWindow): SetupChange | string | undefined {
  switch (gap.kind) {
    case 'entra-authentication':
      return setup.entraAuthentication === 'Enable' ? { kind: 'enable-entra-authentication' } : undefined;
    case 'administrator':
      return setup.entraAdministrator === 'Never' ? undefined : administratorChange('set-administrator', gap, setup);
    case 'other-administrator':
      return setup.entraAdministrator === 'TakeOver' ? administratorChange('take-over-administrator', gap, setup) : undefined;
    case 'firewall':
      return setup.temporaryFirewallRule === 'Allow' ? firewallChange(gap.address, window) : undefined;
    default:
      return gap satisfies never;
  }
}

function administratorChange(
  kind: 'set-administrator' | 'take-over-administrator',
  { sid, directoryReaders }: AdministratorToBe,
  { mysqlServerIdentityId: wanted }: ServerSetup,
): SetupChange | string {
  if (directoryReaders === undefined) return { kind, sid, directoryReader: undefined };
  const reader = directoryReaders.find((each) => wanted !== undefined && sameResource(each, wanted)) ?? directoryReaders[0];
  if (reader) return { kind, sid, directoryReader: reader };
  if (wanted) return { kind: 'assign-server-identity', identityId: wanted };
  return 'the operator would do so itself, but the server has no identity that may read Entra: assign one, or name it in the policy as setup.mysqlServerIdentityId';
}

function firewallChange(address: string, window: FirewallWindow): SetupChange | string {
  switch (window.kind) {
    case 'may-open':
      return { kind: 'open-firewall', address };
    case 'open':
      return 'a temporary rule for it was made, and Azure takes up to 5 minutes until it counts';
    case 'spent':
      return `a temporary rule is made at most once an hour, the next one after ${window.until}`;
    case 'other-address':
      return 'no temporary rule is made for it, because --egress-ips names others';
    default:
      return window satisfies never;
  }
}

function summaryOf(change: SetupChange, server: string): string {
  switch (change.kind) {
    case 'enable-entra-authentication':
      return `switch Entra authentication on at server ${server}; Azure restarts it`;
    case 'assign-server-identity':
      return `assign identity ${resourcePath(change.identityId)} to server ${server}`;
    case 'set-administrator':
      return `make the operator an Entra administrator of server ${server}, as ${change.sid}`;
    case 'take-over-administrator':
      return `make the operator the Entra administrator of server ${server} in place of another, as ${change.sid}`;
    case 'open-firewall':
      return `open the firewall of server ${server} to ${change.address} while a session lasts`;
    default:
      return change satisfies never;
  }
}
