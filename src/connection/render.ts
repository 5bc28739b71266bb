import { ConnectionError } from '../api/connection-error.ts';
import type { OutputSpec } from '../api/spec.ts';
import type { SettingsInput } from '../targets/target.ts';
import type { Settings } from '../workloads/workload.ts';

/** Names that a loader, a runtime or the Azure host reads by itself: with a value that a tenant picks, they would change what the workload runs or whom it trusts. */
const loaderNames = [
  /^LD_/i,
  /^DYLD_/i,
  /^NODE_(OPTIONS|PATH|EXTRA_CA_CERTS|TLS_REJECT_UNAUTHORIZED)$/i,
  /^PATH$/i,
  /^(JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH)$/i,
  /^PYTHON/i,
  /^(DOTNET|CORECLR|COMPLUS)_/i,
  /^(RUBYOPT|RUBYLIB|PERL5OPT|PERL5LIB|BASH_ENV|ENV|IFS|GCONV_PATH)$/i,
  /^(WEBSITE|WEBSITES|FUNCTIONS|APPSETTING|KUBERNETES)_/i,
  /^(IDENTITY|MSI)_/i,
  /^AZURE_(AUTHORITY_HOST|FEDERATED_TOKEN_FILE)$/i,
  /^(SSL_CERT_FILE|SSL_CERT_DIR|HTTPS?_PROXY|ALL_PROXY|NO_PROXY)$/i,
];

/** Whether a setting of this name could make a workload load code or trust somebody else. */
export function isLoaderName(name: string): boolean {
  return loaderNames.some((pattern) => pattern.test(name));
}

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
