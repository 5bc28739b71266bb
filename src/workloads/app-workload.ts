import { ConnectionError } from '../api/connection-error.ts';
import type { ConnectionSpec } from '../api/spec.ts';
import { type Finding, inSync, type StagePlan, type Step } from '../api/step.ts';
import type { AppAddress, HostedApp } from '../azure/hosted-app.ts';
import type { TagOwner } from '../azure/tag-mark.ts';
import type { IdentityHost, ResolvedIdentity } from '../identities/identity.ts';
import type { ApplyOptions, Cancellable } from '../targets/target.ts';
import type { AppKind } from './app-kind.ts';
import type { AppRequest } from './app-request.ts';
import { type AppStep, identityStep, releaseStep, settingsStep } from './app-step.ts';
import { AppWriter, requireIdle } from './app-writer.ts';
import { identityChange } from './plan-app-identity.ts';
import { disowned, type FoundSettings, releaseChange, settingsChange } from './plan-app-settings.ts';
import type { SecretNames, Settings, WorkloadContext, WorkloadKind, WorkloadRequest } from './workload.ts';

interface SettingsObservation {
  readonly found: FoundSettings | undefined;
  /** The app where the connection was before, as long as something of it is there. */
  readonly former: (FoundSettings & { readonly path: string }) | undefined;
}

/** Apps of Azure: their identity and settings, with what of these is ours in their tags. */
export function createAppWorkload(kind: AppKind): WorkloadKind & IdentityHost {
  const { host } = kind;
  const writer = new AppWriter(kind);
  return {
    type: kind.type,
    describe,
    observeIdentity,
    planIdentity,
    observeSettings,
    planSettings,
    apply,
    detach,
    release,
    retain,
    scopeOf: (spec) => kind.identityPathOf(located(spec)),
    hasSystemAssigned,
    enableSystemAssigned,
  };

  function located(spec: ConnectionSpec['workload']): AppAddress {
    const address = kind.locate(spec);
    if (typeof address === 'string') throw new ConnectionError('stalled', 'WorkloadNotFound', address);
    return address;
  }

  function describe(spec: ConnectionSpec['workload']): string {
    return `${kind.type}${kind.pathOf(located(spec))}`;
  }

  function requestOf(request: WorkloadRequest): AppRequest {
    const { spec, output } = request;
    const address = located(spec);
    return {
      address,
      title: kind.title(address),
      owner: ownerOf(request),
      adopt: output.adopt ?? false,
      keepsSecrets: host.keepsSecrets,
      ...kind.places(spec),
    };
  }

  async function observeIdentity(request: WorkloadRequest, { signal }: Cancellable): Promise<HostedApp | undefined> {
    return (await host.open(located(request.spec), { signal }))?.seen;
  }

  function planIdentity(request: WorkloadRequest, identity: ResolvedIdentity, observation: unknown): StagePlan<AppStep> {
    const app = observation as HostedApp | undefined;
    const asked = requestOf(request);
    if (!app) throw notFound(asked.title);
    const change = identityChange(asked, identity.resourceId, app);
    if (!change) return inSync;
    requireIdle(asked.title, app);
    return { steps: [identityStep(kind.pathOf(asked.address), change)], findings: [] };
  }

  async function hasSystemAssigned(spec: ConnectionSpec['workload'], { signal }: Cancellable): Promise<boolean> {
    const address = located(spec);
    const opened = await host.open(address, { signal });
    if (!opened) throw notFound(kind.title(address));
    return opened.seen.hasSystemAssigned;
  }

  async function enableSystemAssigned(spec: ConnectionSpec['workload'], { signal }: Cancellable): Promise<void> {
    const address = located(spec);
    await writer.change(address, (app) => (app.hasSystemAssigned ? undefined : { enableSystemAssigned: true }), { signal });
  }

  async function observeSettings(request: WorkloadRequest, { signal }: Cancellable): Promise<SettingsObservation> {
    const { address } = requestOf(request);
    const found = await find(address, { signal });
    const formerAddress = formerOf(request);
    const former = formerAddress && (await find(formerAddress, { signal }));
    return { found, former: former && formerAddress && { ...former, path: kind.pathOf(formerAddress) } };
  }

  async function find(address: AppAddress, { signal }: Cancellable): Promise<FoundSettings | undefined> {
    const opened = await host.open(address, { signal });
    return opened && { app: opened.seen, settings: await opened.readSettings({ signal }) };
  }

  /** Where the connection was before, by status; what of it is ours stands on the app. */
  function formerOf({ spec, formerWorkload }: WorkloadRequest): AppAddress | undefined {
    if (!formerWorkload?.startsWith(kind.type)) return undefined;
    const former = kind.addressIn(formerWorkload.slice(kind.type.length));
    const current = kind.locate(spec);
    return former && typeof current === 'object' && keyOf(former) === keyOf(current) ? undefined : former;
  }

  function planSettings(request: WorkloadRequest, settings: Settings, observation: unknown, secretNames: SecretNames): StagePlan<AppStep> {
    const asked = requestOf(request);
    const { found, former } = observation as SettingsObservation;
    if (!found) throw notFound(asked.title);
    const change = settingsChange(asked, { values: settings, secretNames }, found);
    if (change) requireIdle(asked.title, found.app);
    const steps = [
      ...(change ? [settingsStep(kind.pathOf(asked.address), change)] : []),
      ...(former && releaseChange(asked, former) ? [releaseStep(former.path)] : []),
    ];
    return { steps, findings: steps.length === 0 && found.app.hasFailed ? [failed(asked.title)] : [] };
  }

  /** Where something of the connection may be. An id that is none was never allowed, and must not hold up what was. */
  function addressesOf(request: WorkloadRequest): readonly AppAddress[] {
    return [kind.locate(request.spec), formerOf(request)].filter((each) => typeof each === 'object');
  }

  async function apply(
    steps: readonly Step[],
    request: WorkloadRequest,
    { identity, settings, secretNames }: WorkloadContext,
    { beforeStep, signal }: ApplyOptions,
  ): Promise<void> {
    const asked = requestOf(request);
    for (const step of steps as readonly AppStep[]) {
      beforeStep(step);
      switch (step.kind) {
        case 'change-app-identity':
          await writer.change(asked.address, (app) => identityChange(asked, identity.resourceId, app), { signal });
          break;
        case 'change-app-settings': {
          const wanted = { values: settings, secretNames };
          await writer.changeSettings(asked.address, (found) => settingsChange(asked, wanted, found), { signal });
          break;
        }
        case 'release-app': {
          const former = formerOf(request);
          if (former) await writer.leave(former, asked.owner, { signal });
          break;
        }
        default:
          step satisfies never;
      }
    }
  }

  async function detach(request: WorkloadRequest, { signal }: Cancellable): Promise<void> {
    const owner = ownerOf(request);
    for (const address of addressesOf(request))
      await writer.change(address, (app) => identityChange({ owner }, undefined, app), { signal });
  }

  async function release(request: WorkloadRequest, { signal }: Cancellable): Promise<void> {
    for (const address of addressesOf(request)) await writer.leave(address, ownerOf(request), { signal });
  }

  /** Settings and identity stay, and nobody looks after them any more. */
  async function retain(request: WorkloadRequest, { signal }: Cancellable): Promise<void> {
    const owner = ownerOf(request);
    for (const address of addressesOf(request)) await writer.change(address, (app) => disowned({ owner }, app), { signal });
  }

  function keyOf(address: AppAddress): string {
    return kind.pathOf(address).toLowerCase();
  }
}

function ownerOf({ mark: { cluster, connection }, uid }: WorkloadRequest): TagOwner {
  return { cluster, connection, uid };
}

function notFound(title: string): ConnectionError {
  return new ConnectionError('waiting', 'WorkloadNotFound', `there is no ${title}: create it, or correct spec.workload`);
}

function failed(title: string): Finding {
  const message = `${title} has its settings, and does not start as it is configured now: see its own logs`;
  return { reason: 'WorkloadFailed', message, blocking: true };
}
