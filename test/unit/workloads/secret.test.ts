import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import { planSecret, type Secret, type SecretObservation, secretFor } from '../../../src/workloads/secret.ts';
import type { WorkloadRequest } from '../../../src/workloads/workload.ts';

const request: WorkloadRequest = {
  spec: { type: 'ServiceAccount', serviceAccount: { name: 'app' } },
  output: {},
  namespace: 'shop',
  connection: 'orders-db',
  uid: 'uid-1',
  sharedWith: 'nobody',
  formerSecret: undefined,
};
const settings = { HOST: 'h', USER: 'u' };

function existing(change: (secret: Secret) => Secret = (secret) => secret): Secret {
  const made = secretFor(request, settings, undefined);
  return change({ ...made, metadata: { ...made.metadata, uid: 's-1' } });
}

function answer(observed: Partial<SecretObservation>, wanted: Record<string, string> = settings): string {
  try {
    const { steps } = planSecret(request, wanted, { current: undefined, former: undefined, ...observed });
    return steps.map(({ summary }) => summary).join('; ') || 'in sync';
  } catch (error) {
    return (error as ConnectionError).reason;
  }
}

describe('what the Secret of a connection needs', () => {
  it('is made where it is missing, and its step names keys and no values', () => {
    expect(answer({})).to.equal('create Secret shop/orders-db with HOST, USER');
  });

  it('is in sync as it was made', () => {
    expect(answer({ current: existing() })).to.equal('in sync');
  });

  it('has a value that was changed, one that was removed and one that was added put right', () => {
    const changed = existing((secret) => ({ ...secret, data: { HOST: 'ZXZpbA==', EXTRA: 'eA==' } }));
    expect(answer({ current: changed })).to.equal('update Secret shop/orders-db: EXTRA, HOST, USER');
  });

  it('is never taken over: not one without owner, nor one of another uid, nor one with our label alone', () => {
    const foreign = existing((secret) => ({ ...secret, metadata: { ...secret.metadata, ownerReferences: [] } }));
    expect(answer({ current: foreign })).to.equal('SecretNotOwned');
    const earlier = existing((secret) => ({
      ...secret,
      metadata: {
        ...secret.metadata,
        ownerReferences: (secret.metadata.ownerReferences ?? []).map((owner) => ({ ...owner, uid: 'uid-0' })),
      },
    }));
    expect(answer({ current: earlier })).to.equal('SecretNotOwned');
  });

  it('goes when the connection asks for another name, if it was ours', () => {
    const former = existing((secret) => ({ ...secret, metadata: { ...secret.metadata, name: 'old' } }));
    expect(answer({ current: existing(), former })).to.equal('delete Secret shop/old');
    const foreign = { ...former, metadata: { ...former.metadata, ownerReferences: [] } };
    expect(answer({ current: existing(), former: foreign })).to.equal('in sync');
  });

  it('is Opaque, and keeps the labels that others put on it', () => {
    const labelled = existing((secret) => ({
      ...secret,
      metadata: { ...secret.metadata, labels: { ...secret.metadata.labels, theirs: 'x' } },
    }));
    const next = secretFor(request, settings, labelled);
    expect(next.type).to.equal('Opaque');
    expect(next.metadata.labels).to.include({ theirs: 'x', 'dbaccess.dev/connection': 'orders-db' });
  });
});
