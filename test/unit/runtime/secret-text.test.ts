import { inspect } from 'node:util';
import { expect } from 'chai';
import { secretText } from '../../../src/runtime/secret-text.ts';

describe('a secret text', () => {
  const secret = secretText('s3cr3t');

  it('is revealed only when asked', () => expect(secret.reveal()).to.equal('s3cr3t'));

  const printed: Readonly<Record<string, () => string>> = {
    'in a template': () => `${secret}`,
    'as JSON': () => JSON.stringify({ nested: { secret } }),
    inspected: () => inspect({ nested: { secret } }, { depth: null, showHidden: true, getters: true }),
    'inspected without its own inspection': () => inspect({ secret }, { depth: null, showHidden: true, customInspect: false }),
    'spread into another object': () => inspect({ ...secret }) + JSON.stringify({ ...secret }),
    'in the message of an error': () => inspect(new Error(`about ${secret}`, { cause: secret })),
  };
  for (const [how, print] of Object.entries(printed)) it(`does not show ${how}`, () => expect(print()).not.to.include('s3cr3t'));
});
