import { expect } from 'chai';
import { defaultUserName, fitsAsName, isReservedUserName, whyNotAName } from '../../../../src/targets/mysql/names.ts';

describe('names of MySQL', () => {
  it('are made of namespace and name', () => expect(defaultUserName('shop', 'orders')).to.equal('aad_shop_orders'));

  it('are shortened with a hash beyond 32 characters, another one for each', () => {
    expect(defaultUserName('shop', 'o'.repeat(23))).to.equal(`aad_shop_${'o'.repeat(23)}`);
    const long = ['o'.repeat(24), `${'o'.repeat(24)}a`, `${'o'.repeat(60)}b`].map((name) => defaultUserName('shop', name));
    for (const name of long) expect(name).to.match(/^aad_shop_o{14}_[0-9a-f]{8}$/);
    expect(new Set(long).size).to.equal(3);
    expect(defaultUserName('a', `b-${'c'.repeat(40)}`)).not.to.equal(defaultUserName('a-b', 'c'.repeat(42)));
  });

  const reserved = ['root', 'ROOT', 'mysql.sys', 'MySQL.infoschema', 'azure_superuser', 'event_scheduler', 'system user'];
  for (const name of reserved) it(`are not ${name}`, () => expect(isReservedUserName(name)).to.equal(true));
  for (const name of ['mysql', 'rooty', 'aad_shop', 'azure']) it(`may be ${name}`, () => expect(isReservedUserName(name)).to.equal(false));

  const refused: readonly [string, RegExp][] = [
    ['', /empty/],
    ['n'.repeat(33), /33 characters; MySQL takes 32/],
    [' a', /blank/],
    ['a ', /blank/],
    ['😀', /character/],
    ['a\ud800', /character/],
    ['a\0', /character/],
  ];
  for (const [name, why] of refused) it(`can't be ${JSON.stringify(name)}`, () => expect(whyNotAName(name, 32)).to.match(why));
  for (const name of ['é'.repeat(32), 'a b', "it's", '\u202E', '`'])
    it(`can be ${JSON.stringify(name)}`, () => expect(whyNotAName(name, 32)).to.equal(undefined));

  it('of databases have 64 characters', () => {
    expect(fitsAsName('d'.repeat(64))).to.equal(true);
    expect(fitsAsName('d'.repeat(65))).to.equal(false);
  });
});
