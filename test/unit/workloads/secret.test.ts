import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import { handedBack } from '../../../src/workloads/adopted-secret.ts';
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
  mark: { cluster: '00000000000000c1', connection: '00000000000000c2' },
  formerWorkload: undefined,
};
const settings = { HOST: 'h', USER: 'u' };

function existing(change: (secret: Secret) => Secret = (secret) => secret): Secret {
  const made = secretFor(request, settings, undefined);
  return change({ ...made, metadata: { ...made.metadata, uid: 's-1' } });
}

function answer(observed: Partial<SecretObservation>, wanted: Record<string, string> = settings, asked = request): string {
  try {
    const { steps } = planSecret(asked, wanted, { current: undefined, former: undefined, ...observed });
    return steps.map(({ summary }) => summary).join('; ') || 'in sync';
  } catch (error) {
    const { reason, message } = error as ConnectionError;
    return `${reason}: ${message}`;
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
    expect(answer({ current: foreign })).to.match(/^SecretNotOwned: .* belongs to somebody else/);
    const earlier = existing((secret) => ({
      ...secret,
      metadata: {
        ...secret.metadata,
        ownerReferences: (secret.metadata.ownerReferences ?? []).map((owner) => ({ ...owner, uid: 'uid-0' })),
      },
    }));
    expect(answer({ current: earlier })).to.match(/^SecretNotOwned/);
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

describe('a Secret that was there before', () => {
  const adopting: WorkloadRequest = { ...request, output: { adopt: true } };
  const theirs: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'orders-db',
      namespace: 'shop',
      uid: 's-1',
      resourceVersion: '7',
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { theirs: 'x' },
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    type: 'Opaque',
    data: { HOST: 'b2xk', THEIRS: 'eA==' },
  };
  const adopted = secretFor(adopting, settings, theirs);
  const plan = (current: Secret, wanted = settings) => answer({ current }, wanted, adopting);

  it('is taken over where the spec asks for it', () => {
    expect(plan(theirs)).to.equal('take Secret shop/orders-db over and write HOST, USER; other keys in it stay');
    expect(plan(adopted)).to.equal('in sync');
  });

  it('is ours then, says which keys are, and keeps all else, its manager too', () => {
    expect(adopted.metadata).to.deep.include({
      uid: 's-1',
      resourceVersion: '7',
      labels: { 'app.kubernetes.io/managed-by': 'Helm', 'dbaccess.dev/connection': 'orders-db' },
      annotations: { theirs: 'x', 'dbaccess.dev/adopted': 'uid-1 HOST,USER' },
    });
    expect(adopted.metadata.ownerReferences, 'the garbage collector would delete it with the connection').to.deep.equal([]);
    expect(adopted.data).to.deep.equal({ HOST: 'aA==', USER: 'dQ==', THEIRS: 'eA==' });
  });

  const refused: Record<string, [Partial<Secret> | Partial<Secret['metadata']>, RegExp]> = {
    'of another connection': [
      { ownerReferences: [{ apiVersion: 'v1', kind: 'PasswordlessConnection', name: 'b', uid: 'u', controller: true }] },
      /belongs to PasswordlessConnection "b"/,
    ],
    'of another type': [{ type: 'kubernetes.io/tls' }, /is of type kubernetes.io\/tls, not Opaque/],
    'that is immutable': [{ immutable: true }, /is immutable/],
  };
  for (const [what, [change, says]] of Object.entries(refused))
    it(`is left alone when it is one ${what}`, () => {
      const found = 'ownerReferences' in change ? { ...theirs, metadata: { ...theirs.metadata, ...change } } : { ...theirs, ...change };
      expect(plan(found as Secret))
        .to.match(/^SecretNotOwned: Secret "orders-db" /)
        .and.match(says)
        .and.match(/so that it can't be taken over/);
    });

  it('is taken over from an owner that is no controller', () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'o' };
    const owned = { ...theirs, metadata: { ...theirs.metadata, ownerReferences: [owner] } };
    expect(secretFor(adopting, settings, owned).metadata.ownerReferences?.map(({ uid }) => uid)).to.deep.equal(['o']);
  });

  it('is left alone when another connection took it over, and taken over anew by a later one of the same name', () => {
    const other = secretFor({ ...adopting, connection: 'b', uid: 'uid-0' }, settings, theirs);
    expect(plan(other)).to.match(/belongs to PasswordlessConnection "b"/);
    const earlier = secretFor({ ...adopting, uid: 'uid-0' }, { OLD: 'o' }, theirs);
    expect(plan(earlier)).to.match(/^take Secret/);
    expect(Object.keys(secretFor(adopting, settings, earlier).data ?? {}).sort()).to.deep.equal(['HOST', 'THEIRS', 'USER']);
  });

  it('is nobody’s, with all that is in it, once what says whose it is was taken off', () => {
    const forgotten = { ...adopted, metadata: { ...adopted.metadata, annotations: {} } };
    expect(answer({ current: forgotten })).to.match(/belongs to somebody else/);
  });

  it('has our keys put right, and theirs left as they become', () => {
    const changed = { ...adopted, data: { HOST: 'ZXZpbA==', THEIRS: 'eQ==', MORE: 'eg==' } };
    expect(plan(changed)).to.equal('update Secret shop/orders-db: HOST, USER');
    expect(secretFor(adopting, settings, changed).data).to.deep.equal({ HOST: 'aA==', USER: 'dQ==', THEIRS: 'eQ==', MORE: 'eg==' });
  });

  it('loses a key of ours that the spec no longer asks for, and none of theirs', () => {
    const wanted = { HOST: 'h', LOGIN: 'u' };
    expect(plan(adopted, wanted as never)).to.equal('update Secret shop/orders-db: LOGIN, USER');
    const next = secretFor(adopting, wanted, adopted);
    expect(Object.keys(next.data ?? {}).sort()).to.deep.equal(['HOST', 'LOGIN', 'THEIRS']);
    expect(plan(next, wanted as never)).to.equal('in sync');
  });

  it('stays ours when the spec no longer asks for taking over', () => expect(answer({ current: adopted })).to.equal('in sync'));

  it('has our settings taken out, and stays, when the connection goes or asks for another name', () => {
    const back = handedBack(adopted, request.uid);
    expect(back.data).to.deep.equal({ THEIRS: 'eA==' });
    expect(back.metadata).to.deep.include({
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { theirs: 'x' },
      ownerReferences: [],
    });
    const former = { ...adopted, metadata: { ...adopted.metadata, name: 'old' } };
    expect(answer({ current: existing(), former })).to.equal('take our settings out of Secret shop/old, which was there before');
  });
});
