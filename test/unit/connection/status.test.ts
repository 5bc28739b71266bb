import { expect } from 'chai';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import type { ConnectionStatus } from '../../../src/api/spec.ts';
import type { Outcome } from '../../../src/connection/outcome.ts';
import { nextStatus, progressStatus } from '../../../src/connection/status.ts';

const context = { generation: 3, now: Date.UTC(2026, 0, 2, 3, 4, 5), requestedAt: undefined, readyMessage: 'all is well' };
const later = { ...context, now: context.now + 60_000 };
const facts = { policy: 'p', databaseUser: { name: 'u', created: true } };
const inSync: Outcome = { kind: 'in-sync', facts, findings: [], applied: [] };

function failed(kind: 'stalled' | 'waiting' | 'retry', stage: 'user' | undefined = 'user'): Extract<Outcome, { kind: 'failed' }> {
  const failure = new ConnectionError(kind, 'DatabaseError', 'why');
  return { kind: 'failed', stage, inSync: ['identity', 'server'], failure, facts: {}, applied: [], deleting: false };
}

function summary(status: ConnectionStatus): readonly string[] {
  return (status.conditions ?? []).map(({ type, status: value, reason }) => `${type}=${value}/${reason}`);
}

describe('nextStatus', () => {
  it('says Ready and every stage in order when all is in sync', () => {
    const status = nextStatus(undefined, inSync, context);
    expect(summary(status)).to.deep.equal([
      'Ready=True/InSync',
      'Permitted=True/InSync',
      'IdentityReady=True/InSync',
      'ServerReady=True/InSync',
      'DatabaseUserReady=True/InSync',
      'GrantsReady=True/InSync',
      'ConfigurationReady=True/InSync',
    ]);
    expect(status).to.include({ observedGeneration: 3, policy: 'p' });
  });

  it('is the same again when nothing changed, so that nothing is written at rest', () => {
    const first = nextStatus(undefined, inSync, context);
    expect(nextStatus(first, inSync, later)).to.deep.equal(first);
  });

  it('moves lastTransitionTime only when the status of a condition changes', () => {
    const first = nextStatus(undefined, inSync, context);
    const broken = nextStatus(first, failed('retry'), later);
    const times = Object.fromEntries((broken.conditions ?? []).map((each) => [each.type, each.lastTransitionTime]));
    expect(times['Ready']).to.equal('2026-01-02T03:05:05Z');
    expect(times['IdentityReady']).to.equal('2026-01-02T03:04:05Z');
  });

  it('keeps what it knew of the stages after the one that failed', () => {
    const first = nextStatus(undefined, inSync, context);
    expect(summary(nextStatus(first, failed('waiting'), later))).to.deep.equal([
      'Ready=False/DatabaseError',
      'Reconciling=True/DatabaseError',
      'Permitted=True/InSync',
      'IdentityReady=True/InSync',
      'ServerReady=True/InSync',
      'DatabaseUserReady=False/DatabaseError',
      'GrantsReady=True/InSync',
      'ConfigurationReady=True/InSync',
    ]);
  });

  it('says in Report mode which stage has drifted, and keeps what it knew of those after it', () => {
    const first = nextStatus(undefined, inSync, context);
    const steps = [{ stage: 'grants', kind: 'grant', summary: 'GRANT something' } as const];
    const reported: Outcome = { kind: 'reported', facts: {}, findings: [], steps, afterwards: ['settings'] };
    const status = nextStatus(first, reported, later);
    expect(summary(status)).to.deep.equal([
      'Ready=False/DriftDetected',
      'Permitted=True/InSync',
      'IdentityReady=True/InSync',
      'ServerReady=True/InSync',
      'DatabaseUserReady=True/InSync',
      'GrantsReady=False/DriftDetected',
      'ConfigurationReady=True/InSync',
    ]);
    expect(nextStatus(status, reported, later)).to.deep.equal(status);
  });

  it('counts the generation as observed when Ready or Stalled, not while it tries again', () => {
    const before: ConnectionStatus = { observedGeneration: 2 };
    expect(nextStatus(before, inSync, context).observedGeneration).to.equal(3);
    expect(nextStatus(before, failed('stalled'), context).observedGeneration).to.equal(3);
    expect(nextStatus(before, failed('retry'), context).observedGeneration).to.equal(2);
    expect(nextStatus(before, failed('waiting'), context).observedGeneration).to.equal(2);
  });

  it('never has Stalled and Reconciling together', () => {
    const stalled = nextStatus(nextStatus(undefined, failed('retry'), context), failed('stalled'), later);
    expect(summary(stalled)).to.include('Stalled=True/DatabaseError');
    expect(summary(stalled).join()).not.to.match(/Reconciling/);
  });

  it('says NotPermitted, and leaves what it knew of the stages', () => {
    const first = nextStatus(undefined, inSync, context);
    const status = nextStatus(first, { kind: 'refused', message: 'no', lookedUp: false }, later);
    expect(summary(status).slice(0, 4)).to.deep.equal([
      'Ready=False/NotPermitted',
      'Stalled=True/NotPermitted',
      'Permitted=False/NotPermitted',
      'IdentityReady=True/InSync',
    ]);
    expect(status).not.to.have.property('policy');
    expect(status.databaseUser).to.deep.equal({ name: 'u', created: true });
  });

  it('says Unknown while suspended', () => {
    expect(summary(nextStatus(undefined, { kind: 'suspended' }, context))[0]).to.equal('Ready=Unknown/Suspended');
  });

  it('is not Ready for a promised right that nobody of ours can give', () => {
    const findings = [{ reason: 'TablesNotOwned', message: 'GRANT …', blocking: true }] as const;
    const status = nextStatus(undefined, { ...inSync, findings }, context);
    expect(summary(status)).to.include.members([
      'Ready=False/TablesNotOwned',
      'Stalled=True/TablesNotOwned',
      'GrantsReady=False/TablesNotOwned',
    ]);
  });

  it('is Ready and Drifted for a right too many that can not be taken back', () => {
    const findings = [{ reason: 'PrivilegeNotRevocable', message: 'REVOKE …', blocking: false }] as const;
    const status = nextStatus(undefined, { ...inSync, findings }, context);
    expect(summary(status).slice(0, 2)).to.deep.equal(['Ready=True/InSync', 'Drifted=True/PrivilegeNotRevocable']);
  });

  it('remembers the request that was handled', () => {
    expect(nextStatus(undefined, inSync, { ...context, requestedAt: 'now' }).lastHandledReconcileAt).to.equal('now');
  });
});

describe('progressStatus', () => {
  it('says Unknown and Reconciling, and that the generation is not observed yet', () => {
    const status = progressStatus({ observedGeneration: -1 }, context);
    expect(summary(status)).to.deep.equal(['Ready=Unknown/Progressing', 'Reconciling=True/Progressing', 'Permitted=True/InSync']);
    expect(status.observedGeneration).to.equal(-1);
  });
});
