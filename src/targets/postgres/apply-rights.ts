import type { Step } from '../../api/step.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Cancellable } from '../target.ts';
import { actFor } from './act-for.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { asConnectionError, sqlState } from './errors.ts';
import { findOurs } from './role.ts';
import type { Session } from './session.ts';
import { type GrantStep, grantStatement, sharedText, userOf } from './steps.ts';
import { changedRequests, type GuardedRequest } from './still-ours.ts';

/** Objects that one transaction changes: each may stay locked until it ends, and the lock table is finite. */
const maximumObjects = 2_000;

/** Somebody holds a lock on an object for long, changes its rights at the same time ("tuple concurrently updated"), or has dropped it. */
const onOneObject = ['55P03', 'XX000', '42P01', '42704', '3F000'];

/** What is to be done about one user's rights. */
export interface RightsWork {
  readonly request: GuardedRequest;
  readonly steps: readonly GrantStep[];
  /** Called before each step; throws when it is no longer permitted. */
  readonly beforeStep: (step: Step) => void;
}

export interface ApplyRightsOptions extends Cancellable {
  readonly database: string;
  readonly logger: Pick<Logger, 'warn'> | undefined;
}

/** One statement, and those who need it. */
interface Unit {
  readonly owner: string | undefined;
  readonly objects: number;
  readonly members: { readonly work: RightsWork; readonly step: GrantStep }[];
}

type Failures = Map<RightsWork, unknown>;

/**
 * Carries out steps of stage grants in short transactions, and answers what failed, by work; of one that failed several times the first. What many users need is given in
 * one statement. When a transaction fails as a whole, each statement is tried alone, and then each user alone, so that neither one object that we may not touch nor one user
 * keeps the others back. GRANT and REVOKE may fail with a mere warning, so only another look tells success.
 */
export async function applyRights(
  session: Session,
  works: readonly RightsWork[],
  options: ApplyRightsOptions,
): Promise<ReadonlyMap<RightsWork, unknown>> {
  const failures: Failures = new Map();
  const revokes = (work: RightsWork) => work.steps.some(({ kind }) => kind === 'revoke' || kind === 'revoke-membership');
  // who loses something may stand in the way of that, and has its sessions ended: no other user shares its transaction
  const parties = [works.filter((work) => !revokes(work)), ...works.filter(revokes).map((work) => [work])];
  for (const party of parties) for (const batch of inBatches(party)) await applyBatch(session, batch, failures, options);
  return failures;
}

async function applyBatch(session: Session, batch: readonly Unit[], failures: Failures, options: ApplyRightsOptions): Promise<void> {
  try {
    await write(session, batch, failures, options);
  } catch (error) {
    const [unit] = batch;
    if (!session.isUsable || !isOneStepsFault(error)) fail(batch, error, failures);
    else if (batch.length > 1) for (const each of batch) await applyBatch(session, [each], failures, options);
    // all of them would wait for the same lock
    else if (unit && unit.members.length > 1 && sqlState(error) !== '55P03')
      for (const member of unit.members) await applyBatch(session, [{ ...unit, members: [member] }], failures, options);
    else fail(batch, error, failures);
  }
}

function fail(batch: readonly Unit[], error: unknown, failures: Failures): void {
  for (const { work } of batch.flatMap(({ members }) => members)) if (!failures.has(work)) failures.set(work, error);
}

async function write(session: Session, batch: readonly Unit[], failures: Failures, options: ApplyRightsOptions): Promise<void> {
  const { database, logger, signal } = options;
  const works = [...new Set(batch.flatMap(({ members }) => members.map(({ work }) => work)))];
  const steps = batch.flatMap(({ members }) => members.map(({ step }) => step));
  session.takeNotices();
  const transaction = () => session.writing(() => carryOut(session, batch, works, failures, options), { signal });
  const loser = steps.some(({ kind }) => kind === 'revoke' || kind === 'revoke-membership') ? works[0] : undefined;
  // the user may hold a lock so as to keep a right
  if (loser) await despiteSessionsOf(session, await findOurs(session, loser.request, { signal }), 'writing', transaction, { signal });
  else await transaction();
  for (const { code, message } of session.takeNotices()) logger?.warn('the database warns', { database, code, text: message });
  // a session that has SET ROLE keeps that role after the membership is gone
  if (loser && steps.some(({ kind }) => kind === 'revoke-membership'))
    await endSessionsOf(session, await findOurs(session, loser.request, { signal }), { signal });
}

async function carryOut(
  session: Session,
  batch: readonly Unit[],
  works: readonly RightsWork[],
  failures: Failures,
  { database, signal }: ApplyRightsOptions,
): Promise<void> {
  const requests = works.map(({ request }) => request);
  const changed = new Map(
    (await changedRequests(session, requests, { user: 'there', database, signal })).map(({ request, error }) => [request, error]),
  );
  const out = new Set<RightsWork>();
  const leaveOut = (work: RightsWork, error: unknown) => {
    out.add(work);
    if (!failures.has(work)) failures.set(work, error);
  };
  for (const work of works) if (changed.has(work.request)) leaveOut(work, changed.get(work.request));
  const send = async () => {
    for (const { members } of batch) {
      for (const { work, step } of members) {
        try {
          if (!out.has(work)) work.beforeStep(step);
        } catch (error) {
          leaveOut(work, error);
        }
      }
      const served = members.filter(({ work }) => !out.has(work)).map(({ step }) => step);
      if (served[0]) await session.query(grantStatement(served[0], served.map(userOf)), [], { signal });
    }
  };
  const owner = batch[0]?.owner;
  if (owner === undefined) await send();
  else await actFor(session, owner, send, { signal });
}

/** Whose role the session must join for a step. */
function ownerOf(step: GrantStep): string | undefined {
  return 'actFor' in step ? step.actFor : undefined;
}

/** Statements in the order in which each user needs them; what several users need stands where the first of them needs it. */
function unitsOf(works: readonly RightsWork[]): readonly Unit[] {
  const units: Unit[] = [];
  const shared = new Map<string, Unit>();
  for (const work of works) {
    for (const step of work.steps) {
      const text = sharedText(step);
      const known = text === undefined ? undefined : shared.get(text);
      if (known) {
        known.members.push({ work, step });
        continue;
      }
      const unit = { owner: ownerOf(step), objects: 'on' in step ? step.on.length : 1, members: [{ work, step }] };
      units.push(unit);
      if (text !== undefined) shared.set(text, unit);
    }
  }
  return units;
}

/** Steps for which we act as ourselves are kept apart from those for an owner: with the owner's rights a REVOKE would go for the owner's grants instead. */
function inBatches(works: readonly RightsWork[]): Unit[][] {
  const units = unitsOf(works);
  const batches: Unit[][] = [];
  for (const owner of new Set([undefined, ...units.map((unit) => unit.owner)])) {
    let room = 0;
    for (const unit of units.filter((each) => each.owner === owner)) {
      if (unit.objects > room) {
        batches.push([]);
        room = maximumObjects;
      }
      batches.at(-1)?.push(unit);
      room -= unit.objects;
    }
  }
  return batches;
}

/** Deadlocks and lost connections are no step's fault, and what isn't from the database isn't either; what somebody does to one object meanwhile keeps back only those who need it. */
function isOneStepsFault(error: unknown): boolean {
  const code = sqlState(error);
  if (code === undefined) return false;
  return (
    onOneObject.includes(code) || asConnectionError(error, { step: 'statement', host: '', database: '', login: '' }).kind === 'stalled'
  );
}
