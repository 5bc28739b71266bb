import { expect } from 'chai';
import type { AccessSpec } from '../../../../src/api/spec.ts';
import { promisedBy } from '../../../../src/targets/mysql/profile.ts';

const readOnly = ['SELECT', 'SHOW VIEW'];
const readWrite = [...readOnly, 'INSERT', 'UPDATE', 'DELETE', 'CREATE TEMPORARY TABLES', 'LOCK TABLES'];
const ddl = [...readWrite, 'CREATE', 'ALTER', 'DROP', 'INDEX', 'REFERENCES', 'CREATE VIEW', 'TRIGGER'];
const all = [...ddl, 'EXECUTE', 'EVENT', 'CREATE ROUTINE', 'ALTER ROUTINE'];

describe('what is promised on MySQL', () => {
  const profiles: readonly [AccessSpec['profile'], readonly string[]][] = [
    ['ReadOnly', readOnly],
    ['ReadWrite', readWrite],
    ['ReadWriteDDL', ddl],
    ['All', all],
    ['Custom', []],
  ];
  for (const [profile, privileges] of profiles)
    it(`by ${profile}`, () => {
      const { database, ...rest } = promisedBy({ profile });
      expect(database).to.have.members(privileges);
      expect(rest).to.deep.equal({ tables: [], routines: [], roles: [] });
    });

  it('by routines All is to run them all, once', () => {
    expect(promisedBy({ profile: 'ReadOnly', routines: 'All' }).database).to.have.members([...readOnly, 'EXECUTE']);
    expect(promisedBy({ profile: 'All', routines: 'All' }).database).to.have.members(all);
  });

  it('by grants comes on top, and on all tables or functions is a right on the database', () => {
    const promised = promisedBy({
      profile: 'Custom',
      roles: ['a', 'a', 'b'],
      grants: [
        { objectType: 'Database', privileges: ['CREATE TEMPORARY TABLES'] },
        { objectType: 'Table', names: ['*'], privileges: ['SELECT'] },
        { objectType: 'Table', names: ['a', '*'], privileges: ['INSERT'] },
        { objectType: 'Function', names: ['*'], privileges: ['EXECUTE'] },
        { objectType: 'Function', names: ['f'], privileges: ['ALTER ROUTINE'] },
      ],
    });
    expect(promised).to.deep.equal({
      database: ['CREATE TEMPORARY TABLES', 'SELECT', 'EXECUTE'],
      tables: [
        { name: 'a', privileges: ['INSERT'] },
        { name: '*', privileges: ['INSERT'] },
      ],
      routines: [{ name: 'f', privileges: ['ALTER ROUTINE'] }],
      roles: ['a', 'b'],
    });
  });

  const unknown: readonly NonNullable<AccessSpec['grants']>[number][] = [
    { objectType: 'Database', privileges: ['CONNECT'] },
    { objectType: 'Database', privileges: ['ALL PRIVILEGES'] },
    { objectType: 'Database', privileges: ['GRANT OPTION'] },
    { objectType: 'Database', privileges: ['select'] },
    { objectType: 'Database', privileges: ['SUPER'] },
    { objectType: 'Table', names: ['a'], privileges: ['EXECUTE'] },
    { objectType: 'Table', names: ['a'], privileges: ['TRUNCATE'] },
    { objectType: 'Function', names: ['f'], privileges: ['SELECT'] },
    { objectType: 'Sequence', names: ['s'], privileges: ['SELECT'] },
    { objectType: 'Schema', names: ['s'], privileges: ['SELECT'] },
  ];
  for (const grant of unknown)
    it(`is never ${grant.privileges} on ${grant.objectType}`, () =>
      expect(() => promisedBy({ profile: 'Custom', grants: [grant] }))
        .to.throw()
        .with.property('reason', 'PrivilegeUnknown'));
});
