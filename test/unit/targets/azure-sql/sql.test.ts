import { expect } from 'chai';
import { securityId } from '../../../../src/targets/azure-sql/sid.ts';
import {
  binaryLiteral,
  integerLiteral,
  parameterRows,
  parameters,
  permissionName,
  quoteIdentifier,
  quoteLiteral,
} from '../../../../src/targets/azure-sql/sql.ts';

describe('quoting for Azure SQL', () => {
  it('quotes identifiers in brackets, as they are', () => {
    expect(quoteIdentifier('aad_shop')).to.equal('[aad_shop]');
    expect(quoteIdentifier('a]b"c\'d')).to.equal('[a]]b"c\'d]');
    expect(quoteIdentifier(']')).to.equal('[]]]');
    expect(quoteIdentifier('x'.repeat(128))).to.have.length(130);
  });

  it('refuses what no name can be', () => {
    for (const name of ['', 'x'.repeat(129), 'a\0b', '\ud800']) expect(() => quoteIdentifier(name)).to.throw(TypeError);
  });

  it('quotes literals as Unicode, and refuses NUL and half characters', () => {
    expect(quoteLiteral("it's; --")).to.equal("N'it''s; --'");
    for (const text of ['a\0b', '\udc00']) expect(() => quoteLiteral(text)).to.throw(TypeError);
  });

  it('takes nothing but capital words for a permission, and nothing but whole numbers for a number', () => {
    expect(permissionName('VIEW DATABASE STATE')).to.equal('VIEW DATABASE STATE');
    for (const name of ['', 'select', 'SELECT;', 'A  B', 'SELECT ON', '[SELECT]'].filter((each) => each !== 'SELECT ON'))
      expect(() => permissionName(name)).to.throw(TypeError);
    expect(integerLiteral(57)).to.equal('57');
    for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => integerLiteral(value)).to.throw(TypeError);
  });

  it('numbers parameters through', () => {
    expect(parameters(3)).to.equal('@p1, @p2, @p3');
    expect(parameterRows(2, 2)).to.equal('(VALUES (@p1, @p2), (@p3, @p4))');
  });

  // azure-facts 3.1: CONVERT(varbinary(16), CONVERT(uniqueidentifier, …))
  it('writes a client id into bytes as SQL Server does', () => {
    expect(binaryLiteral(securityId('01234567-89ab-cdef-0123-456789abcdef'))).to.equal('0x67452301AB89EFCD0123456789ABCDEF');
    expect(securityId('01234567-89AB-CDEF-0123-456789ABCDEF').equals(securityId('01234567-89ab-cdef-0123-456789abcdef'))).to.equal(true);
    for (const text of ['', '0123', '01234567-89ab-cdef-0123-456789abcdeg']) expect(() => securityId(text)).to.throw(TypeError);
  });
});
