import { ConnectionError } from '../api/connection-error.ts';
import type { OutputSpec } from '../api/spec.ts';
import type { SettingsInput } from '../targets/target.ts';
import { isLoaderName } from '../workloads/loader-name.ts';
import type { Settings } from '../workloads/workload.ts';

/** The settings as the workload gets them: the client's own, renamed, then the extra ones. Throws SettingNotAllowed. */
export function renderSettings(own: Settings, output: OutputSpec, input: SettingsInput): Settings {
  const renamed = new Map<string, string>();
  for (const name of Object.keys(output.rename ?? {})) {
    if (own[name] === undefined)
      throw notAllowed(`spec.output.rename names "${name}", which is none of the settings (${Object.keys(own).join(', ')})`);
  }
  for (const [name, value] of Object.entries(own)) add(renamed, output.rename?.[name] ?? name, value);
  for (const [name, template] of Object.entries(output.extra ?? {})) add(renamed, name, fillTemplate(template, input));
  return Object.fromEntries(renamed);
}

function add(settings: Map<string, string>, name: string, value: string): void {
  if (isLoaderName(name))
    throw notAllowed(`a setting can't be named "${name}", because loaders and runtimes obey it: choose another name in spec.output`);
  if (settings.has(name)) throw notAllowed(`two settings would be named "${name}": rename one of them in spec.output`);
  settings.set(name, value);
}

function notAllowed(message: string): ConnectionError {
  return new ConnectionError('stalled', 'SettingNotAllowed', message);
}

/** Inside a URI a value is percent-encoded, so that no name can add a host or an option; elsewhere it stands as it is. */
function fillTemplate(template: string, input: SettingsInput): string {
  const values: Readonly<Record<string, string>> = {
    host: input.host,
    port: String(input.port),
    database: input.database,
    username: input.userName,
    clientId: input.clientId,
    tenantId: input.tenantId,
  };
  const isUri = /^[a-z][a-z0-9+.-]*:(\/\/|[a-z0-9+.-]+:\/\/)/i.test(template);
  return template.replace(/\$\{([a-zA-Z]+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return isUri ? encodeURIComponent(value) : value;
  });
}
