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

/** Whether a setting of this name could make a workload load code or trust somebody else. We never write one, so none is ever ours to take out. */
export function isLoaderName(name: string): boolean {
  return loaderNames.some((pattern) => pattern.test(name));
}
