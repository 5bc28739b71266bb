import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { cacheDirectory, cachedDirectory, type Log, reminderInMs } from '../cache.ts';
import { runGo } from '../go.ts';

/** Paths of the two programs that make a control plane. */
export interface Binaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
}

interface Options {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Holds go.mod and go.sum, which name and authenticate every source file of both programs. */
const moduleDirectory = import.meta.dirname;

/**
 * Finds etcd and kube-apiserver: in KUBEBUILDER_ASSETS, as controller-runtime's envtest does (https://book.kubebuilder.io/reference/envtest), else in the cache, else builds them
 * from the Go modules that go.mod here names, which takes some 7 minutes on two cores and is done once. Throws an Error that says what to do when KUBEBUILDER_ASSETS is incomplete,
 * when there is no Go, and when the build fails.
 */
export async function findOrBuildBinaries({ log, signal, clock = systemClock, environment = process.env }: Options): Promise<Binaries> {
  const assets = environment['KUBEBUILDER_ASSETS'];
  if (assets) return binariesOfAssets(assets, { signal });

  const [mod, sum] = await Promise.all(
    ['go.mod', 'go.sum'].map((name) => readFile(join(moduleDirectory, name), { encoding: 'utf8', signal })),
  );
  const builds = buildsOf(mod ?? '');
  const directory = await cachedDirectory(
    cacheKey(mod ?? '', sum ?? ''),
    async (unfinished) => {
      for (const build of builds) await goBuild(build, join(unfinished, build.name), { log, signal, clock, environment });
    },
    { cache: cacheDirectory(environment), clock, log, signal },
  );
  return binariesIn(directory);
}

function binariesIn(directory: string): Binaries {
  return { etcd: join(directory, 'etcd'), kubeApiserver: join(directory, 'kube-apiserver') };
}

async function binariesOfAssets(assets: string, { signal }: { readonly signal: AbortSignal }): Promise<Binaries> {
  const binaries = binariesIn(assets);
  for (const path of Object.values(binaries) as string[]) {
    signal.throwIfAborted();
    await access(path, constants.X_OK).catch((cause: unknown) => {
      throw new Error(`KUBEBUILDER_ASSETS is ${assets}, but there is no program ${path}: put etcd and kube-apiserver there, or unset it.`, {
        cause,
      });
    });
  }
  return binaries;
}

interface Build {
  readonly name: string;
  readonly version: string;
  readonly package: string;
  readonly linkerFlags: string;
  readonly typicalTime: string;
}

/** What is built, with the versions that go.mod requires. */
function buildsOf(mod: string): readonly Build[] {
  const kubernetes = requiredVersion(mod, 'k8s.io/kubernetes');
  return [
    {
      name: 'etcd',
      version: requiredVersion(mod, 'go.etcd.io/etcd/server/v3'),
      package: 'go.etcd.io/etcd/server/v3',
      linkerFlags: '-s -w',
      typicalTime: 'a minute',
    },
    {
      name: 'kube-apiserver',
      version: kubernetes,
      package: 'k8s.io/kubernetes/cmd/kube-apiserver',
      // Without it kubectl can't parse the server's version.
      linkerFlags: `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetes}`,
      typicalTime: '6 minutes',
    },
  ];
}

function requiredVersion(mod: string, module: string): string {
  const line = mod.split('\n').find((each) => each.trim().startsWith(`${module} `));
  const version = line?.trim().split(' ')[1];
  if (!version) throw new Error(`${join(moduleDirectory, 'go.mod')} does not require ${module}.`);
  return version;
}

/** Where in the cache the programs are that these two files make on this kind of machine. */
export function cacheKey(mod: string, sum: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([mod, sum, buildsOf(mod).map((build) => build.linkerFlags)]))
    .digest('hex');
  return join('control-plane', `${requiredVersion(mod, 'k8s.io/kubernetes')}-${process.platform}-${process.arch}-${hash.slice(0, 16)}`);
}

async function goBuild(build: Build, output: string, { log, signal, clock, environment }: Required<Options>): Promise<void> {
  const startedAt = clock.now();
  log(`building ${build.name} ${build.version} with Go: once, about ${build.typicalTime} on two cores`);
  const reminder = setInterval(
    () =>
      log(`still building ${build.name} ${build.version}: ${Math.round((clock.now() - startedAt) / 1000)} s of about ${build.typicalTime}`),
    reminderInMs,
  );
  try {
    const args = ['build', '-mod=readonly', '-trimpath', '-ldflags', build.linkerFlags, '-o', output, build.package];
    await runGo(args, { directory: moduleDirectory, withoutGo, signal, environment });
  } finally {
    clearInterval(reminder);
  }
  log(`built ${build.name} in ${Math.round((clock.now() - startedAt) / 1000)} s`);
}

const withoutGo =
  'There is no "go" on PATH, and kube-apiserver and etcd must be built once: install Go 1.26 or later (https://go.dev/doc/install), or set KUBEBUILDER_ASSETS to a folder that holds etcd and kube-apiserver.';
