import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/runtime/clock.ts';
import { createAuthority } from '../sandbox/certificates.ts';
import { findOrBuildBinaries } from '../sandbox/control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../sandbox/control-plane/control-plane.ts';

/** For hooks that may be the first to ask for the control plane, whose programs may have to be built: milliseconds. */
export const startTimeout = 30 * 60_000;

let running: Promise<{ readonly controlPlane: ControlPlane; readonly directory: string }> | undefined;

/** The one control plane of this test run, started when a test first asks for it and stopped after the last. */
export async function controlPlane(): Promise<ControlPlane> {
  running ??= start();
  return (await running).controlPlane;
}

const eventuallyInMs = 15_000;

/** Waits until `holds` says so; rejects after 15 s. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(eventuallyInMs);
  while (!(await holds())) {
    if (deadline.aborted) throw new Error(`Waited 15 s in vain for: ${what}`);
    await systemClock.sleep(50, deadline).catch(() => undefined);
  }
}

async function start() {
  // mocha ends a start that takes too long; the control plane lives for as long as the tests do
  const { signal } = new AbortController();
  const log = (line: string) => console.error(`    ${line}`);
  const directory = await mkdtemp(join(tmpdir(), 'dbaccess-cluster-'));
  const binaries = await findOrBuildBinaries({ log, signal });
  const controlPlane = await startControlPlane({ binaries, directory, authority: await createAuthority(), log, signal });
  void controlPlane.failure.then((error) => log(error.message));
  return { controlPlane, directory };
}

after(async function () {
  this.timeout(30_000);
  if (!running) return;
  const { controlPlane, directory } = await running;
  await controlPlane.stop({ signal: AbortSignal.timeout(20_000) });
  await rm(directory, { recursive: true, force: true });
});
