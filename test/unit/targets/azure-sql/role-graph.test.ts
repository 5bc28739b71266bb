import { expect } from 'chai';
import { privilegedAmong, type RoleGraph, whyNeverGiven } from '../../../../src/targets/azure-sql/role-graph.ts';
import { markText } from '../../../../src/targets/mark.ts';
import { mark } from './given.ts';

const role = (id: number, name: string, overrides = {}) => ({ id, name, isFixedRole: false, mark: null, ...overrides });
const graph: RoleGraph = {
  roles: [
    role(16384, 'db_owner', { isFixedRole: true }),
    role(16390, 'db_datareader', { isFixedRole: true }),
    role(10, 'readers'),
    role(11, 'admins'),
    role(12, 'outer'),
    role(13, 'innermost'),
    role(14, 'marked', { mark: markText(mark) }),
    role(15, 'controller'),
    role(16, 'impersonator'),
    role(17, 'within controller'),
    role(18, 'db_owner of our own'),
  ],
  members: [
    { role: 16390, member: 10 },
    { role: 16384, member: 11 },
    { role: 11, member: 12 },
    { role: 12, member: 13 },
    { role: 13, member: 12 },
    { role: 15, member: 17 },
  ],
  permissions: [
    { id: 15, class: 0, permission: 'CONTROL' },
    { id: 16, class: 4, permission: 'IMPERSONATE' },
    { id: 10, class: 0, permission: 'CREATE TABLE' },
  ],
};

describe('roles of Azure SQL', () => {
  for (const [name, id, why] of [
    ['readers', 10, undefined],
    ['db_datareader', 16390, undefined],
    ['one that is only called like a fixed one', 18, undefined],
    ['db_owner', 16384, 'it is [db_owner] or a member of it'],
    ['a member of db_owner', 11, 'it is [db_owner] or a member of it'],
    ['a member of a member, in a ring', 13, 'it is [db_owner] or a member of it'],
    ['one with a mark', 14, 'it bears the mark of a connection, or is a member of one that does'],
    ['one with CONTROL', 15, 'it has a permission such as CONTROL or IMPERSONATE, or is a member of a role that has'],
    ['a member of one with CONTROL', 17, 'it has a permission such as CONTROL or IMPERSONATE, or is a member of a role that has'],
    ['one that may become somebody else', 16, 'it has a permission such as CONTROL or IMPERSONATE, or is a member of a role that has'],
  ] as const)
    it(`${why === undefined ? 'may be given' : 'are never given'}: ${name}`, () => expect(whyNeverGiven(id, graph)).to.equal(why));

  it('are privileged also through others', () => {
    expect(privilegedAmong(['readers'], graph)).to.equal(undefined);
    expect(privilegedAmong(['readers', 'outer'], graph)).to.equal('db_owner');
    expect(privilegedAmong([], graph)).to.equal(undefined);
  });
});
