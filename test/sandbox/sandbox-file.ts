import { rename, rm, writeFile } from 'node:fs/promises';
import type { SandboxWorkload } from './azure/hosts/workload-endpoints.ts';

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
  readonly workloads: readonly SandboxWorkload[];
}

export interface SandboxServer {
  readonly name: string;
  readonly type: 'PostgreSQL' | 'MySQL' | 'AzureSQL';
  readonly resourceId: string;
  readonly host: string;
  readonly port: number;
  readonly databases: readonly string[];
  /** The engine itself as superuser, for looking at catalogs. Azure SQL has none. */
  readonly backend?: {
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

/** The file itself: it is there while its sandbox runs, and never half-written. */
export class SandboxFileWriter {
  readonly #path: string;
  #written: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Writes it for this user only, as it holds a superuser's password. Of several writes the last one stays. */
  write(file: SandboxFile, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const unfinished = `${this.#path}.new`;
    return this.#afterwards(async () => {
      await writeFile(unfinished, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600, signal });
      await rename(unfinished, this.#path);
    });
  }

  /** Takes it away. */
  remove(): Promise<void> {
    return this.#afterwards(() => rm(this.#path, { force: true }));
  }

  #afterwards(effect: () => Promise<void>): Promise<void> {
    this.#written = this.#written.catch(() => undefined).then(effect);
    return this.#written;
  }
}
