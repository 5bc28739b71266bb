import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { chanceOf } from '../contract/oracle-b/chance.ts';
import { type ConnectionKey, readConnection, waitForConnection, waitForReady } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import { accessOf } from './drifts/access.ts';
import { database, dropPlayground, makePlayground } from './drifts/playground.ts';
import {
  asSuperuser,
  createConnection,
  deleteConnection,
  eventually,
  identityId,
  inTime,
  loginOf,
  newNamespace,
  newServiceAccount,
  passes,
  patchConnection,
  sandbox,
  specOf,
  startTimeout,
} from './support.ts';

const seed = Number(process.env['ORACLE_SEED'] ?? Date.now() % 2 ** 31);
/** Of the operator, in each of the phases. */
const killsPerPhase = 3;
/** Calls after which it is killed at the latest. */
const maximumCalls = 40;

const profiles = ['ReadOnly', 'ReadWrite', 'ReadWriteDDL', 'All'] as const;
type Profile = (typeof profiles)[number];

/** A connection, and what it changes to. */
interface Life {
  readonly key: ConnectionKey;
  readonly before: Profile;
  readonly after: Profile;
  /** Whether it changes its identity as well. */
  readonly moves: boolean;
}

const phases = ['created', 'changed', 'deleted'] as const;

describe(`an operator that is killed again and again while connections are created, changed and deleted (ORACLE_SEED=${seed})`, function () {
  this.timeout(5 * 60_000);

  before(async function () {
    this.timeout(startTimeout);
    await makePlayground();
  });

  after(dropPlayground);

  /** Eleven connections of three service accounts; the one that moves has its own. */
  async function newLives(): Promise<readonly Life[]> {
    const random = chanceOf(seed);
    const profile = () => profiles[Math.floor(random() * profiles.length)]!;
    const lives: Life[] = [];
    for (const count of [6, 4, 1]) {
      const namespace = await newNamespace();
      await newServiceAccount(namespace);
      for (let index = 1; index <= count; index += 1)
        lives.push({ key: { namespace, name: `c${index}` }, before: profile(), after: profile(), moves: count === 1 });
    }
    return lives;
  }

  async function begin(phase: (typeof phases)[number], lives: readonly Life[]): Promise<void> {
    for (const { key, before, after, moves } of lives) {
      if (phase === 'created') {
        const spec = specOf((each) => {
          each.access.profile = before;
          each.target.database = database;
        });
        await createConnection(key, spec);
      } else if (phase === 'changed') {
        const identity = moves ? { userAssigned: { resourceId: identityId('shop-spare') } } : {};
        await patchConnection(key, { spec: { access: { profile: after }, identity, output: { clientType: 'Python' } } });
      } else await deleteConnection(key);
    }
  }

  /** Waits until a phase has ended well for each. */
  async function end(phase: (typeof phases)[number], lives: readonly Life[]): Promise<void> {
    const { api } = (await sandbox()).controlPlane;
    const options = { ...inTime(), withinInMs: 80_000 };
    for (const { key } of lives) {
      if (phase === 'deleted') await waitForConnection(api, key, (each) => each === undefined, options);
      else await waitForReady(api, key, { status: 'True' }, options);
    }
  }

  /**
   * What is there, the same for all connections that were asked for alike. Who could create tables and can't any more may come back, so that rights on its future tables
   * are left to those who got them; who did depends on who was looked at first.
   */
  async function look(lives: readonly Life[]): Promise<readonly string[]> {
    const { api } = (await sandbox()).controlPlane;
    const namespaces = [...new Set(lives.map(({ key }) => key.namespace))];
    const former = lives.filter(({ before, after }) => mayCreate(before) && !mayCreate(after)).map(({ key }) => userOf(key));
    const found: string[] = [];
    for (const { key } of lives) {
      const user = (await readConnection(api, key, inTime()))?.status?.databaseUser?.name ?? '';
      const lines = JSON.stringify([key, await accessOf({ key, user })], undefined, 1).split('\n');
      const counted = lines.filter((line) => !/ on future /.test(line) || !former.some((each) => line.includes(`${each}\\"`)));
      found.push(...withoutIds(counted.join('\n'), namespaces));
    }
    return found;
  }

  /** Kills the operator at moments that chance picks, and starts it again. Answers how often it was killed before the phase was over. */
  async function killWhile(phase: Promise<unknown>, random: () => number): Promise<number> {
    const world = await sandbox();
    let isOver = false;
    let inTheMiddle = 0;
    void phase.finally(() => (isOver = true)).catch(() => undefined);
    for (let kill = 1; kill <= killsPerPhase; kill += 1) {
      const until = world.journal.list().length + 1 + Math.floor(random() * maximumCalls);
      await eventually(() => isOver || world.journal.list().length >= until, { withinInMs: 60_000 });
      if (!isOver) inTheMiddle += 1;
      process.kill(world.file.operator?.pid ?? 0, 'SIGKILL');
      await world.stopOperator(inTime());
      await world.startOperator(inTime());
    }
    return inTheMiddle;
  }

  /** What could be left of anybody. */
  async function remains(): Promise<unknown> {
    const { controlPlane, world } = await sandbox();
    const { items } = await controlPlane.api.request('GET', '/api/v1/namespaces/passwordless-system/configmaps', {}, inTime());
    return {
      roles: await asSuperuser('postgres', 'SELECT rolname FROM pg_roles ORDER BY 1'),
      credentials: world.identities.map(({ name, federatedCredentials }) => [name, federatedCredentials.map((each) => each.subject)]),
      tombstones: items.flatMap(({ data = {} }) => Object.keys(data).filter((key) => key.startsWith('tombstone.'))),
      defaults: await asSuperuser(database, 'SELECT defaclrole::regrole::text, defaclacl::text FROM pg_default_acl ORDER BY 1, 2'),
    };
  }

  it('leaves what one leaves that is let alone, and nothing in the end', async () => {
    const random = chanceOf(seed);
    const alone = await newLives();
    const nothing = JSON.stringify(await remains());
    const expected = new Map<string, readonly string[]>();
    for (const phase of phases) {
      await begin(phase, alone);
      await end(phase, alone);
      // rights on what another's user creates later are given by a later pass
      const seen = await passes();
      if (phase !== 'deleted') await eventually(async () => (await passes()) >= seen + 2, { withinInMs: 30_000 });
      expected.set(phase, await look(alone));
    }
    const isClean = async () => JSON.stringify(await remains()) === nothing;
    await eventually(isClean, { withinInMs: 40_000 });

    const disturbed = await newLives();
    for (const phase of phases) {
      await begin(phase, disturbed);
      const ended = end(phase, disturbed);
      expect(await killWhile(ended, random), `kills before all were ${phase}`).to.be.at.least(1);
      await ended;
      const isSame = async () => isDeepStrictEqual(await look(disturbed), expected.get(phase));
      await eventually(isSame, { withinInMs: 30_000 }).catch(() => undefined);
      const differs = differing(await look(disturbed), expected.get(phase) ?? []);
      if (differs.length > 0) expect.fail(`${phase} ends in something else than undisturbed:\n${differs.slice(0, 20).join('\n')}`);
      if (phase !== 'created') continue;
      for (const { key } of disturbed) {
        const { settings, token } = await loginOf(key);
        await (await logIn(settings, token)).end();
      }
    }
    await eventually(isClean, { withinInMs: 40_000 });
  });
});

function mayCreate(profile: Profile): boolean {
  return profile === 'ReadWriteDDL' || profile === 'All';
}

function userOf({ namespace, name }: ConnectionKey): string {
  return `aad_${namespace}_${name}`;
}

/** What one list has and the other hasn't, line by line. */
function differing(found: readonly string[], wanted: readonly string[]): readonly string[] {
  return Array.from({ length: Math.max(found.length, wanted.length) }, (_, index) => index)
    .filter((index) => found[index] !== wanted[index])
    .map((index) => `${index}: ${found[index] ?? 'nothing'} instead of ${wanted[index] ?? 'nothing'}`);
}

/** The lines of a text, in which nothing tells one connection from another that was asked for alike. */
function withoutIds(text: string, namespaces: readonly string[]): readonly string[] {
  const named = namespaces.reduce(
    (left, namespace, index) => left.replaceAll(new RegExp(`(?<![a-z0-9])${namespace}(?![0-9])`, 'g'), `NAMESPACE${index}`),
    text,
  );
  return named
    .replaceAll(/dbaccess\/1 [0-9a-f]{16} [0-9a-f]{16} [0-9a-f-]{36}/g, 'MARK')
    .replaceAll(/dbaccess-[0-9a-f]{24}/g, 'CREDENTIAL')
    .split('\n')
    .toSorted();
}
