import { expect } from 'chai';
import type { PasswordlessConnection } from '../../src/api/connection.generated.ts';
import { conditionOf, readConnection, waitForConnection } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import { accessOf } from './drifts/access.ts';
import { outsideDrifts } from './drifts/outside.ts';
import { dropPlayground, makePlayground } from './drifts/playground.ts';
import { type RefusedTampering, refusedTamperings } from './drifts/refused.ts';
import { rightDrifts } from './drifts/rights.ts';
import { type Drift, tamper, type Victim } from './drifts/tampering.ts';
import { userDrifts } from './drifts/user.ts';
import { makeVictims } from './drifts/victims.ts';
import {
  deleteAllConnections,
  eventsOf,
  eventually,
  inTime,
  loginOf,
  metricOf,
  passes,
  patchConnection,
  sandbox,
  startTimeout,
  testTimeout,
} from './support.ts';

/** A drift interval of 3 s at its longest, 5 s for which reads of Azure are kept, and time for a pass on a busy machine. */
const oneIntervalInMs = 15_000;
const corrections = 'passwordless_drift_corrections_total';

describe('what somebody changes behind the operator’s back is put right within one interval, with one Event that names the steps:', function () {
  this.timeout(testTimeout);
  const drifts = [...userDrifts, ...rightDrifts, ...outsideDrifts];
  const kinds = [...new Set(drifts.flatMap(({ steps }) => steps))];
  const victims = new Map<Drift, Victim>();
  const accesses = new Map<Drift, unknown>();
  const counted = new Map<string, number>();
  let changedAt = 0;
  let passesBefore = 0;

  const count = (kind: string) => metricOf(corrections, new RegExp(`kind="${kind}"`));

  before(async function () {
    this.timeout(startTimeout);
    await makePlayground();
    const made = await Promise.all([
      makeVictims([...userDrifts, ...rightDrifts], 'shared', inTime()),
      makeVictims(outsideDrifts, 'own', inTime()),
    ]);
    for (const each of made) for (const [drift, victim] of each) victims.set(drift, victim);
    for (const [drift, victim] of victims) accesses.set(drift, await accessOf(victim));
    for (const kind of kinds) counted.set(kind, await count(kind));
    changedAt = Date.now();
    await tamper([...victims].map(([{ change }, victim]) => [change, victim]));
    passesBefore = await passes();
  });

  after(async () => {
    await deleteAllConnections();
    await dropPlayground();
  });

  /** What was done about a connection since it was Ready. */
  async function correctionsOf({ key }: Victim) {
    const events = (await eventsOf(key)).filter(({ reason }) => reason !== 'Applied');
    return events.toSorted((a, b) => a.eventTime.localeCompare(b.eventTime));
  }

  for (const drift of drifts) {
    it(drift.what, async () => {
      const victim = victims.get(drift)!;
      await eventually(async () => (await correctionsOf(victim)).length > 0, { withinInMs: oneIntervalInMs });
      // long enough for whatever else a pass would find
      await eventually(async () => (await passes()) >= passesBefore + 3, { withinInMs: 30_000 });
      const [event, ...more] = await correctionsOf(victim);
      expect(more, `${event?.reason}: ${event?.note}`).to.deep.equal([]);
      expect(event?.note, event?.note).to.match(drift.note);
      expect({ type: event?.type, reason: event?.reason }).to.deep.equal(
        drift.reason ? { type: 'Warning', reason: drift.reason } : { type: 'Normal', reason: 'DriftCorrected' },
      );
      expect(Date.parse(event?.eventTime ?? '') - changedAt).to.be.below(oneIntervalInMs);
      const connection = await readConnection((await sandbox()).controlPlane.api, victim.key, inTime());
      expect(conditionOf(connection, 'Ready')?.status).to.equal('True');
      if (drift.leavesOther) {
        const { settings, token } = await loginOf(victim.key);
        await (await logIn(settings, token)).end();
      } else expect(await accessOf(victim)).to.deep.equal(accesses.get(drift));
    });
  }

  it('each step is counted once', async () => {
    const steps = Map.groupBy(
      drifts.flatMap((drift) => drift.steps),
      (kind) => kind,
    );
    for (const kind of kinds) expect((await count(kind)) - counted.get(kind)!, kind).to.equal(steps.get(kind)?.length);
  });
});

describe('what the operator may not put right it names, leaves alone, and goes on when it is taken back:', function () {
  this.timeout(testTimeout);
  const victims = new Map<RefusedTampering, Victim>();
  const accesses = new Map<RefusedTampering, unknown>();
  let passesBefore = 0;

  before(async function () {
    this.timeout(startTimeout);
    await makePlayground();
    for (const [tampering, victim] of await makeVictims(refusedTamperings, 'own', inTime())) victims.set(tampering, victim);
    await tamper([...victims].map(([{ change }, victim]) => [change, victim]));
    for (const [tampering, victim] of victims) accesses.set(tampering, await accessOf(victim));
    passesBefore = await passes();
  });

  after(async () => {
    await deleteAllConnections();
    await dropPlayground();
  });

  for (const tampering of refusedTamperings) {
    const { what, reason, advice, goesOn, undo } = tampering;
    it(`${what} (${reason})`, async () => {
      const { api } = (await sandbox()).controlPlane;
      const victim = victims.get(tampering)!;
      const says = goesOn ? 'Drifted' : 'Ready';
      const connection = await waitForConnection(api, victim.key, (each) => conditionOf(each, says)?.reason === reason, inTime());
      expect(conditionOf(connection, says)?.message).to.match(advice);
      expect(conditionOf(connection, 'Ready')?.status).to.equal(goesOn ? 'True' : 'False');
      await eventually(async () => (await passes()) >= passesBefore + 3, { withinInMs: 30_000 });
      expect(await accessOf(victim)).to.deep.equal(accesses.get(tampering));
      const told = (await eventsOf(victim.key)).filter((event) => event.reason !== 'Applied');
      expect(told.map((event) => event.reason)).to.deep.equal(goesOn ? [] : [reason]);

      await tamper([[undo, victim]]);
      await patchConnection(victim.key, { metadata: { annotations: { 'dbaccess.dev/requestedAt': 'taken back' } } });
      const isWell = (each: PasswordlessConnection | undefined) =>
        conditionOf(each, 'Ready')?.status === 'True' && conditionOf(each, 'Drifted') === undefined;
      await waitForConnection(api, victim.key, isWell, inTime());
    });
  }
});
