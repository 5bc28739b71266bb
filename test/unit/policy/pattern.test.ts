import { expect } from 'chai';
import fc from 'fast-check';
import { match, matchesPattern } from '../../../src/policy/pattern.ts';

describe('a pattern', () => {
  for (const [pattern, text, expected] of [
    ['orders', 'orders', true],
    ['orders', 'Orders', false],
    ['orders', 'orders2', false],
    ['orders', 'order', false],
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything-at_all.', true],
    ['*', 'a/b', false],
    ['a*', 'a/', false],
    ['a/*', 'a/b', true],
    ['a/*/c', 'a/b/c', true],
    ['a/*/c', 'a/b/b/c', false],
    ['*/*', 'a/b', true],
    ['*b/c*', 'ab/cd', true],
    ['*b/c', 'a/b/c', false],
    ['orders*', 'orders', true],
    ['orders*', 'orders_eu', true],
    ['*orders', 'my_orders', true],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b*', 'xxbxxaxx', false],
    ['a**b', 'ab', true],
    ['a?b', 'axb', false],
    ['a.b', 'axb', false],
    ['[ab]', 'a', false],
    ['${namespace}', 'shop', true],
    ['${namespace}', 'shop-eu', false],
    ['${namespace}_*', 'shop_eu', true],
    ['${namespace}_*', 'shop', false],
    ['${namespace}.*', 'shop.eu', true],
    ['x*/${namespace}', 'xy/shop', true],
    ['${namespace}-*', 'shop-eu', false],
    ['${namespace}*', 'shop', false],
    ['*${namespace}', 'shop', false],
    ['*-${namespace}-*', 'a-shop-b', false],
    ['rg-${namespace}', 'rg-shop', true],
    ['${Namespace}', 'shop', false],
    ['${name}', 'shop', false],
    ['$', '$', false],
    ['a$b', 'a$b', false],
    ['${namespace', 'shop', false],
  ] as const) {
    it(`${JSON.stringify(pattern)} ${expected ? 'fits' : 'does not fit'} ${JSON.stringify(text)} in namespace shop`, () => {
      expect(matchesPattern(pattern, text, 'shop')).to.equal(expected);
    });
  }

  it('takes no character of the namespace for a wildcard or a variable', () => {
    expect(matchesPattern('${namespace}', 'ab', '*')).to.equal(false);
    expect(matchesPattern('${namespace}', '*', '*')).to.equal(true);
    expect(matchesPattern('${namespace}', 'x', '${namespace}')).to.equal(false);
  });

  it('costs a hostile author no more steps than the product of the lengths', () => {
    for (const [pattern, text] of [
      ['*a*a*a*a*a', `${'a'.repeat(400)}b`],
      [`${'*a'.repeat(160)}b`, 'a'.repeat(400)],
      ['*'.repeat(320), 'a'.repeat(512)],
      [`*${'a'.repeat(200)}b`, 'a'.repeat(512)],
    ] as const) {
      const { steps } = match(pattern, text, 'shop');
      expect(steps).to.be.at.most((pattern.length + 1) * (text.length + 1));
    }
    expect(match('*a*a*a*a*a', `${'a'.repeat(400)}b`, 'shop').steps).to.be.below(1000);
  });

  it('agrees with a plain reading of its grammar', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '/'), { maxLength: 7 }).map((all) => all.join(''));
    const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matchesPattern(p, t, 'shop')).to.equal(fits(p, t));
      }),
      { numRuns: 5000 },
    );
  });
});

/** The grammar, read aloud; slow. */
function fits(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] !== '*') return text[0] === pattern[0] && fits(pattern.slice(1), text.slice(1));
  return fits(pattern.slice(1), text) || (text !== '' && text[0] !== '/' && fits(pattern, text.slice(1)));
}
