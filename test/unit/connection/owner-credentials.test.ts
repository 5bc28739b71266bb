import { inspect } from 'node:util';
import { expect } from 'chai';
import { credentialsIn } from '../../../src/connection/owner-credentials.ts';
import type { Secret } from '../../../src/workloads/secret.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const secret: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'owner', namespace: 'passwordless-system', uid: 'u', resourceVersion: '7', generation: 1, creationTimestamp: '' },
  type: 'kubernetes.io/basic-auth',
  data: { username: base64('appowner'), password: base64('hush-hush') },
};

describe('the login of an owner in a Secret', () => {
  it('is its user name and password, which nobody sees by accident', () => {
    const found = credentialsIn(secret);
    expect(found).to.include({ kind: 'credentials', userName: 'appowner', version: 'u 7' });
    expect(found.kind === 'credentials' && found.password.reveal()).to.equal('hush-hush');
    expect(`${inspect(found, { depth: 9, showHidden: true })}${JSON.stringify(found)}`).not.to.include('hush-hush');
  });

  const rows: readonly [string, Secret | undefined, string][] = [
    ['is not there', undefined, 'its Secret is not there'],
    ['is of another type', { ...secret, type: 'Opaque' }, 'its Secret is not of type kubernetes.io/basic-auth'],
    ['has no password', { ...secret, data: { username: base64('appowner') } }, 'its Secret lacks username or password'],
    ['has no user name', { ...secret, data: { password: base64('hush-hush') } }, 'its Secret lacks username or password'],
  ];
  for (const [what, found, why] of rows)
    it(`can't be used where the Secret ${what}`, () => expect(credentialsIn(found)).to.deep.equal({ kind: 'unusable', why }));
});
