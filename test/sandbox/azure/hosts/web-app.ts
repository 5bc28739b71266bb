import { type HostIdentity, noIdentity } from './host-identity.ts';
import type { JsonObject } from './json.ts';

/** A web app or function app of Azure App Service, or one of its slots, which is an app in all but its place. */
export interface WebApp {
  readonly type: 'WebApp';
  /** As App Service writes it: `<app>`, or `<app>/<slot>`. */
  readonly name: string;
  readonly resourceId: string;
  readonly location: string;
  /** App Service's kind, for example `app,linux` or `functionapp,linux`. */
  readonly kind: string;
  tags: Readonly<Record<string, string>>;
  identity: HostIdentity;
  properties: JsonObject;
  appSettings: Readonly<Record<string, string>>;
  /** Each write of the settings starts the app again. */
  restarts: number;
  /** What runs on it and shuts out other writes, for example `Update`; undefined at rest. */
  runningOperation: string | undefined;
}

export interface WebAppOptions {
  readonly name: string;
  readonly slot?: string;
  /** /subscriptions/<id>/resourceGroups/<group> */
  readonly groupId: string;
  readonly location: string;
  /** `app,linux` when left out. */
  readonly kind?: string;
  readonly appSettings?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly identity?: HostIdentity;
}

export function newWebApp({
  name,
  slot,
  groupId,
  location,
  kind = 'app,linux',
  appSettings = {},
  tags = {},
  identity = noIdentity,
}: WebAppOptions): WebApp {
  const host = slot === undefined ? name : `${name}-${slot}`;
  return {
    type: 'WebApp',
    name: slot === undefined ? name : `${name}/${slot}`,
    resourceId: `${groupId}/providers/Microsoft.Web/sites/${name}${slot === undefined ? '' : `/slots/${slot}`}`,
    location,
    kind,
    tags,
    identity,
    properties: {
      state: 'Running',
      hostNames: [`${host}.azurewebsites.net`],
      enabled: true,
      httpsOnly: true,
      reserved: kind.includes('linux'),
      defaultHostName: `${host}.azurewebsites.net`,
      serverFarmId: `${groupId}/providers/Microsoft.Web/serverfarms/sandbox`,
    },
    appSettings,
    restarts: 0,
    runningOperation: undefined,
  };
}

/** What the app finds in its environment of what it is configured with. */
export function webAppEnvironment({ name, appSettings }: WebApp): Readonly<Record<string, string>> {
  return { ...appSettings, WEBSITE_SITE_NAME: name.split('/')[0] ?? name };
}
