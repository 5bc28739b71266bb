import { expect } from 'chai';
import { defaultUserName, fitsAsName, isReservedName } from '../../../../src/targets/azure-sql/names.ts';

describe('names of users of Azure SQL', () => {
  it('are aad_<namespace>_<name> by default, shortened with a hash where that takes more than 128 characters', () => {
    expect(defaultUserName('shop', 'orders')).to.equal('aad_shop_orders');
    const long = defaultUserName('n'.repeat(63), 'x'.repeat(253));
    expect(long)
      .to.match(/^aad_n{63}_x+_[0-9a-f]{8}$/)
      .and.have.length(128);
    expect(defaultUserName('n'.repeat(63), `${'x'.repeat(252)}y`)).not.to.equal(long);
    expect(fitsAsName(long)).to.equal(true);
  });

  for (const name of ['', 'CONTOSO\\shop', ' a', 'a ', 'a\0', 'x'.repeat(129), '\ud800'])
    it(`are not ${JSON.stringify(name).slice(0, 20)}`, () => expect(fitsAsName(name)).to.equal(false));

  for (const name of [
    'dbo',
    'DBO',
    'guest',
    'sys',
    'public',
    'INFORMATION_SCHEMA',
    'db_owner',
    'DB_mine',
    '##MS_x##',
    'ｄｂｏ',
    'dbaccess_retired_00000001',
  ])
    it(`are not ours to give where they are ${name}`, () => expect(isReservedName(name)).to.equal(true));

  for (const name of ['aad_shop', 'dbowner', 'administrator', 'sa'])
    it(`may be ${name}`, () => expect(isReservedName(name)).to.equal(false));
});
