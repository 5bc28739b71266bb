import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What .sandbox/sandbox.json says. Fields are added, never renamed. */
export interface SandboxFile {
  readonly version: 1;
  readonly kubeconfig: string;
  readonly ca: string;
  readonly oidcIssuer: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly arm: { readonly endpoint: string };
  readonly entra: { readonly authority: string };
  readonly controls: { readonly endpoint: string; readonly token: string };
  readonly operator?: { readonly pid: number; readonly metrics: string };
  readonly servers: readonly SandboxServer[];
  readonly identities: readonly SandboxIdentity[];
  readonly workloads: readonly never[];
}

export interface SandboxServer {
  readonly name: string;
  readonly type: 'PostgreSQL' | 'MySQL' | 'AzureSQL';
  readonly resourceId: string;
  readonly host: string;
  readonly port: number;
  readonly databases: readonly string[];
  /** The engine itself as superuser, for looking at catalogs. */
  readonly backend: {
    readonly host: string;
    readonly port: number;
    readonly socket: string;
    readonly user: string;
    readonly password: string;
  };
}

export interface SandboxIdentity {
  readonly name: string;
  readonly resourceId: string;
  readonly clientId: string;
  readonly principalId: string;
}

/** Writes the file for this user only; it holds a superuser's password. */
export async function writeSandboxFile(path: string, file: SandboxFile, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await chmod(dirname(path), 0o700);
  await writeFile(path, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600, signal });
}
