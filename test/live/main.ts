import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ConfigError } from '../../src/config.ts';
import { intro } from './intro.ts';
import { readLiveConfig, readWish, usage } from './live-config.ts';

/** The profiles alone are some hundred logins and statements, each over the internet. */
const scenarioInMs = 20 * 60_000;
const { signal } = new AbortController();

/** `npm run test:live`: 0 when everything passed, 2 when something isn't given. */
async function main(): Promise<number> {
  const wish = readWish(process.argv.slice(2));
  if (wish.help) {
    console.log(usage);
    return 0;
  }
  if (wish.inSandbox) return await (await import('./in-sandbox.ts')).runInSandbox(wish);
  console.log(intro(wish.only));
  const config = readLiveConfig(wish, process.env);
  if (config.caFile) setDefaultCACertificates([...getCACertificates('default'), readFileSync(config.caFile, 'utf8')]);
  // only now, so that what is missing is told at once
  const [{ openServer }, { liveEngines }] = await Promise.all([import('./live-azure.ts'), import('./live-engines.ts')]);
  const servers = wish.only.map((type) => ({ type, open: () => openServer(type, config.servers[type]!, config, { signal }) }));
  if (wish.cleanUp) {
    for (const { type, open } of servers) {
      const server = await open();
      console.log(`${type}: ${await liveEngines[type].cleanUp(server, config).finally(() => server.close())} was taken away`);
    }
    return 0;
  }

  const [{ default: Mocha }, { testContract }] = await Promise.all([import('mocha'), import('../contract/target/contract.ts')]);
  const mocha = new Mocha();
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  for (const { type, open } of servers)
    testContract(`${type}, live`, async () => await liveEngines[type].start(await open(), config), { scenarioInMs });
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  return failures > 0 ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(error instanceof ConfigError ? 2 : 1);
  },
);
