import { expect } from 'chai';
import { labelText, parseObjectId } from '../../../../src/targets/postgres/label.ts';
import { defaultUserName, fitsAsName, isReservedRoleName, retiredName } from '../../../../src/targets/postgres/names.ts';

describe('names in PostgreSQL', () => {
  it('are aad_<namespace>_<name> for users', () => expect(defaultUserName('shop', 'orders')).to.equal('aad_shop_orders'));

  it('are shortened with a hash when they take more than 63 bytes', () => {
    const long = defaultUserName('a'.repeat(63), 'b'.repeat(63));
    expect(long).to.match(/^aad_a{50}_[0-9a-f]{8}$/);
    expect(Buffer.byteLength(long)).to.equal(63);
    expect(defaultUserName('a'.repeat(63), 'c'.repeat(63))).not.to.equal(long);
  });

  it('are left as they are at 63 bytes', () =>
    expect(defaultUserName('a'.repeat(29), 'b'.repeat(29))).to.equal(`aad_${'a'.repeat(29)}_${'b'.repeat(29)}`));

  it('are counted in bytes', () => {
    expect(fitsAsName('é'.repeat(31))).to.equal(true);
    expect(fitsAsName('é'.repeat(32))).to.equal(false);
    expect(fitsAsName('')).to.equal(false);
    expect(fitsAsName('a\0')).to.equal(false);
  });

  for (const name of ['pg_monitor', 'PG_monitor', 'azure_pg_admin', 'azuresu', 'Azure_x', 'public', 'none'])
    it(`keep ${name} for PostgreSQL and Azure`, () => expect(isReservedRoleName(name)).to.equal(true));

  it('of locked shells begin with the first eight digits of the uid', () => {
    expect(retiredName('0123abcd-0000-4000-8000-000000000001', 1)).to.equal('dbaccess_retired_0123abcd');
    expect(retiredName('0123abcd-0000-4000-8000-000000000001', 2)).to.equal('dbaccess_retired_0123abcd_2');
  });
});

describe('the label that binds a role', () => {
  it('takes an object id in lower case', () =>
    expect(labelText(parseObjectId('ABCDEFAB-0000-4000-8000-000000000001'))).to.equal(
      'aadauth,oid=abcdefab-0000-4000-8000-000000000001,type=service',
    ));

  const others = [
    '',
    'x',
    'abcdefab-0000-4000-8000-000000000001,type=user,admin',
    'abcdefab-0000-4000-8000-00000000000g',
    ' abcdefab-0000-4000-8000-000000000001',
    'abcdefab-0000-4000-8000-000000000001\n',
  ];
  for (const text of others) it(`can't be made of ${JSON.stringify(text)}`, () => expect(() => parseObjectId(text)).to.throw(TypeError));
});
