import { expect } from 'chai';
import type { PolicySpec } from '../../../src/api/spec.ts';
import { judge, policy, spec } from './given.ts';

describe('the namespaces of a policy', () => {
  describe('asks of namespaces', () => {
    const asked: readonly [string, PolicySpec['namespaces'], boolean][] = [
      ['a name', { names: ['shop'] }, true],
      ['a pattern', { names: ['sh*'] }, true],
      ['another name', { names: ['shop-eu'] }, false],
      ['labels', { selector: { matchLabels: { team: 'shop' } } }, true],
      ['another value of a label', { selector: { matchLabels: { team: 'other' } } }, false],
      ['a label that is not there', { selector: { matchLabels: { tier: 'x' } } }, false],
      ['a label by a name that objects inherit', { selector: { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] } }, false],
      ['name and labels, both met', { names: ['sh*'], selector: { matchLabels: { team: 'shop' } } }, true],
      ['name and labels, only the name met', { names: ['sh*'], selector: { matchLabels: { team: 'other' } } }, false],
      ['name and labels, only the labels met', { names: ['x'], selector: { matchLabels: { team: 'shop' } } }, false],
      ['In', { selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'shop'] }] } }, true],
      ['In without it', { selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }] } }, false],
      ['NotIn', { selector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] } }, true],
      ['NotIn with it', { selector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['shop'] }] } }, false],
      ['NotIn of a label that is not there', { selector: { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['a'] }] } }, true],
      ['Exists', { selector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } }, true],
      ['DoesNotExist', { selector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] } }, false],
      [
        'two expressions, one met',
        {
          selector: {
            matchExpressions: [
              { key: 'team', operator: 'Exists' },
              { key: 'x', operator: 'Exists' },
            ],
          },
        },
        false,
      ],
      ['nothing', {}, false],
      ['an empty selector', { selector: {} }, false],
      ['an unknown operator', { selector: { matchExpressions: [{ key: 'team', operator: 'Gt' as 'In', values: ['a'] }] } }, false],
    ];
    for (const [what, namespaces, expected] of asked) {
      it(`${what}: ${expected ? 'met' : 'not met'}`, () => {
        expect(judge({ spec: spec() }, [policy('shop', { namespaces })]).allowed).to.equal(expected);
      });
    }
  });
});
