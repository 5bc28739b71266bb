import { randomUUID } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/runtime/clock.ts';
import { findAddressRange } from './addresses.ts';
import { startArm } from './azure/arm.ts';
import { type Entra, startEntra } from './azure/entra.ts';
import type { HostedApp } from './azure/hosts/hosts.ts';
import { openWorkloadEndpoints, type WorkloadEndpoints } from './azure/hosts/workload-endpoints.ts';
import type { World } from './azure/world.ts';
import { type SandboxSqlServer, startSandboxSqlServer } from './azure-sql-server.ts';
import type { Log } from './cache.ts';
import { createAuthority } from './certificates.ts';
import { findOrBuildBinaries } from './control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import { Applier, applyCrds, readManifests } from './control-plane/manifests.ts';
import { Faults } from './controls/faults.ts';
import { Journal } from './controls/journal.ts';
import { type Controls, startControls } from './controls/server.ts';
import { lockDirectory } from './directory-lock.ts';
import { createLandscape, type LandscapeOptions, operatorIdentityName, portsOf } from './landscape.ts';
import { type MysqlServer, startMysqlServer } from './mysql-server.ts';
import { finalizeNamespaces } from './namespaces.ts';
import { type Operator, type OperatorCommand, prepareOperator, startOperator } from './operator.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';
import { type SandboxFile, SandboxFileWriter } from './sandbox-file.ts';

/** Azure and Kubernetes on one machine, as far as the operator sees them. */
export interface Sandbox {
  /** What is in sandbox.json. */
  readonly file: SandboxFile;
  readonly directory: string;
  readonly controlPlane: ControlPlane;
  readonly world: World;
  readonly entra: Entra;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly controls: Controls;
  readonly postgres: ReadonlyMap<string, PostgresServer>;
  readonly mysql: ReadonlyMap<string, MysqlServer>;
  readonly azureSql: ReadonlyMap<string, SandboxSqlServer>;
  /** The apps that Azure hosts, as they see themselves. */
  readonly workloads: WorkloadEndpoints;
  /** Opens the identity endpoint of an app that came later. */
  openEndpoint(app: HostedApp): Promise<void>;
  /** How the operator is started by hand. */
  readonly operatorCommand: OperatorCommand;
  /** Applies manifests of files, in their order. */
  apply(paths: readonly string[], options: { readonly signal: AbortSignal }): Promise<void>;
  /** Starts the operator, or starts it again after `stopOperator`. */
  startOperator(options: { readonly signal: AbortSignal }): Promise<Operator>;
  stopOperator(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Ends everything and waits until it has ended. */
  stop(): Promise<void>;
}

export interface SandboxOptions extends LandscapeOptions {
  /** Made when missing; holds sandbox.json, kubeconfigs, tokens and logs, for this user only. */
  readonly directory: string;
  readonly operator: boolean;
  /** As the operator's flag takes it. */
  readonly driftInterval?: string;
  /** Further flags of the operator. */
  readonly operatorFlags?: readonly string[];
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Where the repository begins. */
const root = join(import.meta.dirname, '..', '..');
const crds = ['crds/passwordlessconnections.yaml', 'crds/connectionpolicies.yaml'];
const deployment = ['deploy/rbac.yaml', 'deploy/admission-policy.yaml'];
const stopWithinInMs = 20_000;

/** Starts a sandbox. Rejects with what went wrong, and leaves nothing running then. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { directory, log, driftInterval = '10m' } = options;
  const running = new AbortController();
  const signal = AbortSignal.any([options.signal, running.signal]);
  const endings: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of endings.toReversed()) await end().catch((error: unknown) => log(`while stopping: ${error}`));
    endings.length = 0;
    running.abort(new Error('the sandbox was stopped'));
  };
  const clock = systemClock;
  /** What has started is stopped at the end. */
  const started = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    endings.push(() => server.stop());
    return server;
  };

  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    const lock = await lockDirectory(directory, { signal });
    endings.push(() => lock.release());
    const written = new SandboxFileWriter(join(directory, 'sandbox.json'));
    await written.remove(); // of a sandbox that was killed
    const authority = await createAuthority();
    const ca = join(directory, 'ca.pem');
    await writeFile(ca, authority.pem, { mode: 0o600 });

    const binaries = await findOrBuildBinaries({ log, signal });
    const range = await findAddressRange(portsOf(options), Math.random);
    const world = createLandscape(options, range);
    const journal = new Journal();
    const faults = new Faults();
    const postgres = new Map<string, PostgresServer>();

    log('starting etcd and kube-apiserver');
    const controlPlane = await startControlPlane({ binaries, directory: join(directory, 'kubernetes'), authority, log, signal });
    endings.push(() => controlPlane.stop({ signal: AbortSignal.timeout(stopWithinInMs) }));
    void controlPlane.failure.then((error) => log(error.message));
    await applyCrds(controlPlane.api, (await Promise.all(crds.map((path) => readManifests(join(root, path), { signal })))).flat(), {
      signal,
    });
    const apply: Sandbox['apply'] = async (paths, { signal }) => {
      const applier = await Applier.create(controlPlane.api, { signal });
      for (const path of paths)
        for (const manifest of await readManifests(join(root, path), { signal })) await applier.apply(manifest, { signal });
    };
    await apply(deployment, { signal });
    const finalizing = new AbortController();
    const finalized = finalizeNamespaces({ api: controlPlane.api, log, signal: AbortSignal.any([signal, finalizing.signal]), clock });
    endings.push(async () => {
      finalizing.abort(new Error('the sandbox stops'));
      await finalized.catch(() => undefined);
    });

    log('starting Entra and ARM');
    const certificate = await authority.issue({ commonName: 'azure', ipAddresses: ['127.0.0.1'], dnsNames: ['localhost'] });
    const listen = { host: '127.0.0.1' };
    const entra = await startEntra({ world, certificate, journal, faults, issuerCa: authority.pem, listen, clock, signal });
    endings.push(() => entra.stop());
    const { verify } = entra;
    const syncPrincipals = async () => {
      for (const each of postgres.values()) await each.syncPrincipals();
    };
    const principalsChanged = async () => {
      await syncPrincipals();
      await publish();
      if (world.principalSeconds === 0) return;
      const later = clock.sleep(world.principalSeconds * 1000, signal).then(syncPrincipals);
      later.catch((error: unknown) => signal.aborted || log(`the engines do not know the new identities: ${error}`));
    };
    const arm = await startArm({ world, certificate, journal, faults, verify, listen, principalsChanged, clock, signal });
    endings.push(() => arm.stop());
    federateOperator(world, controlPlane.issuer);
    const workloads = await started(
      openWorkloadEndpoints({ world, issueFor: entra.issueFor, journal, faults, clock, newId: randomUUID, signal }),
    );

    const mysql = new Map<string, MysqlServer>();
    const azureSql = new Map<string, SandboxSqlServer>();
    const common = { world, authority, directory, verify, journal, faults, clock, log, signal };
    const starting = world.servers.map(async (server) => {
      log(`starting ${server.type} for ${server.name} on ${server.host}:${server.port}`);
      if (server.type === 'AzureSQL') {
        const tokenAuthority = `${entra.authority}/${world.tenantId}`;
        azureSql.set(server.resourceId, await started(startSandboxSqlServer({ ...common, server, tokenAuthority })));
      } else if (server.type === 'MySQL') mysql.set(server.resourceId, await started(startMysqlServer({ ...common, server })));
      else postgres.set(server.resourceId, await started(startPostgresServer({ ...common, server })));
    });
    // those that do start are to be stopped when one does not
    await Promise.allSettled(starting);
    await Promise.all(starting);
    const serverOf = (resourceId: string): PostgresServer | MysqlServer | SandboxSqlServer => {
      const found = postgres.get(resourceId) ?? mysql.get(resourceId) ?? azureSql.get(resourceId);
      if (!found) throw new Error(`${resourceId} has no engine`);
      return found;
    };
    const controls = await startControls({
      world,
      journal,
      faults,
      identityRecreated: async () => {
        await syncPrincipals();
        await publish();
      },
      stopServer: async (server) => serverOf(server.resourceId).gateway.refuseConnections(),
      startServer: async (server) => serverOf(server.resourceId).gateway.acceptConnections(),
      setOperatorAdministrator: async (server, wanted) => serverOf(server.resourceId).setOperatorAdministrator(wanted),
      pauseDatabase: (server, database, paused) => azureSql.get(server.resourceId)?.setPaused(database, paused) ?? false,
      signal,
    });
    endings.push(() => controls.stop());

    const operatorOptions = {
      controlPlane,
      world,
      authority: entra.authority,
      armEndpoint: arm.endpoint,
      suffix: range.cidr,
      caFile: ca,
      directory,
      driftInterval,
      flags: options.operatorFlags ?? [],
      clock,
      log,
    };
    const command = await prepareOperator(operatorOptions, { signal });
    let operator: Operator | undefined;
    const file = (): SandboxFile => ({
      version: 1,
      kubeconfig: controlPlane.adminKubeconfig,
      ca,
      oidcIssuer: controlPlane.issuer,
      tenantId: world.tenantId,
      subscriptionId: world.subscriptionId,
      resourceGroup: world.resourceGroup,
      location: world.location,
      arm: { endpoint: arm.endpoint },
      entra: { authority: entra.authority },
      controls: { endpoint: controls.endpoint, token: controls.token },
      ...(operator && { operator: { pid: operator.pid, metrics: operator.metrics } }),
      servers: world.servers.map((server) => serverOf(server.resourceId).described()),
      identities: world.identities.map(({ name, resourceId, clientId, principalId }) => ({ name, resourceId, clientId, principalId })),
      workloads: workloads.described(),
    });
    const publish = () => written.write(file(), { signal });
    const endOperator: Sandbox['stopOperator'] = async ({ signal }) => {
      await operator?.stop({ signal });
      operator = undefined;
    };
    endings.push(() => endOperator({ signal: AbortSignal.timeout(stopWithinInMs) }));
    endings.push(() => written.remove());
    const sandbox: Sandbox = {
      get file() {
        return file();
      },
      directory,
      controlPlane,
      world,
      entra,
      journal,
      faults,
      controls,
      postgres,
      mysql,
      azureSql,
      workloads,
      async openEndpoint(app) {
        await workloads.open(app);
        await publish();
      },
      operatorCommand: command,
      apply,
      async startOperator({ signal }) {
        operator = await startOperator(command, operatorOptions, { signal });
        await publish();
        return operator;
      },
      async stopOperator({ signal }) {
        await endOperator({ signal });
        await publish();
      },
      stop,
    };
    if (options.operator) {
      log('starting the operator');
      void (await sandbox.startOperator({ signal })).failure.then((error) => log(error.message));
    }
    await publish();
    return sandbox;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The one thing that a platform team does for the operator in Entra: its service account may be its identity. */
function federateOperator(world: World, issuer: string): void {
  const subject = 'system:serviceaccount:passwordless-system:passwordless-operator';
  const identity = world.identities.find(({ name }) => name === operatorIdentityName);
  identity?.federatedCredentials.push({ name: 'operator', issuer, subject, audiences: ['api://AzureADTokenExchange'], effectiveAt: 0 });
}
