import type { AppChange, HostedApp } from '../azure/hosted-app.ts';
import { type ResourceId, resourceKey } from '../azure/resource-id.ts';
import { TagMark, tagChanges } from '../azure/tag-mark.ts';
import type { AppRequest } from './app-request.ts';
import { identityClaim, mayDetach } from './plan-app-settings.ts';

/**
 * How the app must change so that it has this user-assigned identity, or none of those that we attached where it needs none. Undefined when it does.
 * What somebody else attached stays, and is not ours to take away later.
 */
export function identityChange(request: Pick<AppRequest, 'owner'>, wanted: ResourceId | undefined, app: HostedApp): AppChange | undefined {
  const mark = new TagMark(app.tags, request.owner);
  const key = wanted && resourceKey(wanted);
  const isAttached = app.userAssigned.some((id) => id.toLowerCase() === key);
  const detach = app.userAssigned.filter((id) => id.toLowerCase() !== key && mayDetach(id, app, mark));
  const released = app.userAssigned.filter((id) => id.toLowerCase() !== key && mark.has(identityClaim(id)));
  // who needs what another connection attached says so too, so that the first to go leaves it
  const claims = key !== undefined && (!isAttached || mark.isOthers(identityClaim(key))) ? [identityClaim(key)] : [];
  const tags = tagChanges(app.tags, request.owner, mark.texts({ add: claims, drop: released.map(identityClaim) }));
  const attach = isAttached ? undefined : wanted;
  return attach === undefined && detach.length === 0 && tags === undefined ? undefined : { attach, detach, tags };
}
