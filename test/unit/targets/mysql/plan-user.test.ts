import { expect } from 'chai';
import { type Mark, markText } from '../../../../src/targets/mark.ts';
import { bindingOf } from '../../../../src/targets/mysql/binding.ts';
import { type DefinedObjects, described } from '../../../../src/targets/mysql/defined-objects.ts';
import { keptIn, keptText } from '../../../../src/targets/mysql/kept.ts';
import { isForAdoption } from '../../../../src/targets/mysql/plan-adoption.ts';
import { isForRebind, planUser, requireUserName } from '../../../../src/targets/mysql/plan-user.ts';
import type { RightsObservation } from '../../../../src/targets/mysql/rights.ts';
import type { Account, MysqlUser } from '../../../../src/targets/mysql/user.ts';

const clientId = 'bbbbbbbb-0000-4000-8000-000000000002';
const another = 'cccccccc-0000-4000-8000-000000000002';
const mark: Mark = {
  cluster: '00000000000000c1',
  connection: '00000000000000d1',
  uid: '00000001-0000-4000-8000-000000000003',
  origin: 'created',
  state: 'live',
};
const request = {
  userName: 'aad_shop_orders',
  identity: { principalId: 'bbbbbbbb-0000-4000-8000-000000000001', clientId },
  mark,
  access: { profile: 'ReadOnly', futureObjects: true } as const,
};
const account: Account = { isLocked: false, binding: { id: clientId, isServicePrincipal: true }, attribute: markText(mark) };
const inSync: MysqlUser = {
  serverIdentifier: '1',
  mark,
  boundElsewhere: false,
  account,
  note: undefined,
  otherHosts: [],
  isReserved: false,
};
const absent: MysqlUser = { ...inSync, account: undefined, mark: undefined };
const unmarked: MysqlUser = { ...inSync, mark: undefined, account: { ...account, attribute: null } };
const note = (kept: Parameters<typeof keptText>[0]) => ({ mark, boundTo: clientId, kept: keptText(kept) });
const grants = [{ on: { kind: 'database', pattern: 'other' }, privileges: ['SELECT'], grantOption: false }] as const;
const defined: DefinedObjects = { named: ['view orders.totals'], others: 2, areMore: false };
const plan = (change: Partial<MysqlUser>) => planUser(request, { ...inSync, ...change });
const bound = (binding: Account['binding']): Partial<MysqlUser> => ({ account: { ...account, binding } });

describe('the plan for a user of MySQL', () => {
  it('is empty in sync', () => expect(plan({})).to.deep.equal({ steps: [], findings: [] }));

  it('makes one that is not there, with its mark', () => {
    const { steps } = planUser(request, absent);
    expect(steps.map(({ summary }) => summary)).to.deep.equal([
      `SET aad_auth_validate_oids_in_tenant = OFF; CREATE AADUSER 'aad_shop_orders' IDENTIFIED BY '${clientId}'; ALTER USER 'aad_shop_orders'@'%' ATTRIBUTE '{"dbaccess.dev":"${markText(mark)}"}'`,
    ]);
  });

  const rows: readonly [string, Partial<MysqlUser>, readonly string[]][] = [
    ['bound to another identity', bound({ id: another, isServicePrincipal: true }), ['rebind']],
    ['bound to nobody', bound(undefined), ['rebind']],
    ['bound as a person', bound({ id: clientId, isServicePrincipal: false }), ['rebind']],
    ['bound elsewhere, locked and of an earlier life', { ...bound(undefined), mark: { ...mark, uid: another } }, ['rebind']],
    ['kept from logging in', { account: { ...account, isLocked: true } }, ['allow-login']],
    ['of an earlier life', { mark: { ...mark, uid: '00000002-0000-4000-8000-000000000003' } }, ['mark']],
    ['disabled', { mark: { ...mark, state: 'disabled' }, account: { ...account, isLocked: true } }, ['mark', 'allow-login']],
    ['released', { mark: { ...mark, state: 'released' } }, ['mark']],
    ['with its mark beside the server', { account: { ...account, attribute: null }, note: note({ isMark: true }) }, []],
    ['with no more than an intent', { account: { ...account, attribute: null }, note: note({ isMark: false }) }, ['mark']],
    ['with an intent that is left over', { note: note({ isMark: false }) }, ['mark']],
    ['that lacks what it had', { note: note({ isMark: false, former: { from: another, grants } }) }, ['restore-rights']],
    ['of another connection', { mark: { ...mark, connection: '00000000000000d2' } }, []],
    ['of another cluster', { mark: { ...mark, cluster: '00000000000000c2' } }, []],
    ['without mark', unmarked, []],
    ['that is an administrator’s', { isReserved: true, ...bound(undefined) }, []],
    ['with a namesake at another host', { otherHosts: ['10.%'] }, []],
    ['with a namesake at another host, and not there', { ...absent, otherHosts: ['10.%'] }, []],
  ];
  for (const [what, change, expected] of rows)
    it(`for one ${what}: ${expected.join(', ') || 'nothing'}`, () => {
      const { steps, findings } = plan(change);
      expect(steps.map(({ kind }) => kind)).to.deep.equal(expected);
      if (steps.length > 0) expect(findings).to.deep.equal([]);
    });

  for (const change of [
    { mark: undefined },
    { mark: { ...mark, connection: '00000000000000d2' } },
    { isReserved: true },
    { otherHosts: ['::1'] },
  ])
    it(`says that the name is taken: ${JSON.stringify(change)}`, () => {
      const [finding] = plan(change).findings;
      expect(finding).to.include({ reason: 'UserNameTaken', blocking: true });
    });

  it('gives back what was kept', () => {
    const [step] = plan({ note: note({ isMark: false, former: { from: another, grants } }) }).steps;
    expect(step?.summary).to.equal("GRANT SELECT ON `other`.* TO 'aad_shop_orders'@'%'");
  });

  it('gives up what may have been taken meanwhile: of one that was never dropped, or that was being given back', () => {
    const formers = [
      { from: clientId, grants },
      { from: another, grants, begun: true },
    ] as const;
    for (const former of formers)
      expect(plan({ note: note({ isMark: false, former }) }).steps.map(({ kind }) => kind)).to.deep.equal(['forget-rights']);
  });

  it('gives back nothing that another connection’s user had', () => {
    const foreign = { ...note({ isMark: false, former: { from: another, grants } }), mark: { ...mark, connection: '00000000000000d2' } };
    expect(plan({ note: foreign }).steps.map(({ kind }) => kind)).to.deep.equal(['mark']);
  });

  it('never drops one that was taken over to bind it anew, and says what to do', () => {
    const adopted = { ...bound({ id: another, isServicePrincipal: true }), mark: { ...mark, origin: 'adopted' as const } };
    const { steps, findings } = plan(adopted);
    expect(steps).to.deep.equal([]);
    expect(findings[0]).to.include({ reason: 'StaleIdentityBinding', blocking: true });
    expect(isForRebind(request, { ...inSync, ...adopted })).to.equal(false);
  });

  it('says of binding anew that rights are lost and given anew', () => {
    const [step] = plan(bound(undefined)).steps;
    expect(step).to.deep.include({ kind: 'rebind', to: clientId, from: undefined, mark });
    expect(step?.summary).to.match(
      /^ALTER USER .* ACCOUNT LOCK; DROP USER .*; CREATE AADUSER .* \(the user loses all rights with this; they are granted anew/,
    );
  });

  it('doesn’t bind anew the definer of something, nor makes one of its name', () => {
    const locked = { account: { ...account, binding: undefined, isLocked: true } };
    for (const change of [
      { ...locked, defined },
      { ...absent, defined },
    ]) {
      const { steps, findings } = plan(change);
      expect(steps).to.deep.equal([]);
      expect(findings[0]).to.include({ reason: 'DefinerObjects', blocking: true });
      expect(findings[0]?.message).to.include('view orders.totals and 2 other objects');
    }
    expect(plan({ defined }).findings).to.deep.equal([]);
    expect(isForRebind(request, { ...inSync, ...bound(undefined) })).to.equal(true);
    expect(isForRebind(request, inSync)).to.equal(false);
    expect(isForRebind(request, { ...unmarked, ...bound(undefined), mark: undefined })).to.equal(false);
  });

  it('shuts a definer out that can’t be bound anew, and takes the rights that aren’t promised, but gives none', () => {
    const locked = { ...account, binding: undefined, isLocked: true };
    const kinds = (change: Partial<MysqlUser>) => plan({ ...bound(undefined), defined, ...change }).steps.map(({ kind }) => kind);
    expect(kinds({})).to.deep.equal(['forbid-login']);
    expect(kinds({ account: locked, hasSessions: true })).to.deep.equal(['forbid-login']);
    const rights: RightsObservation = {
      database: 'orders',
      userName: request.userName,
      traits: { partialRevokes: false, foldsNames: true },
      rights: [{ on: { kind: 'database', pattern: 'orders' }, privileges: ['SELECT', 'DROP'], grantOption: false }],
      proxied: [],
      memberships: [],
      defaultRoles: [],
      roles: [],
      named: [],
      own: { grantable: [], anyRole: false, roles: [], anyProxy: false },
    };
    const { steps } = plan({ account: locked, defined, rights });
    expect(steps.map(({ summary }) => summary)).to.deep.equal(["REVOKE DROP ON `orders`.* FROM 'aad_shop_orders'@'%'"]);
    expect(kinds({ account: locked, rights, mark: { ...mark, state: 'disabled' } })).to.deep.equal([]);
  });

  it('names no object of another database, but how many there are', () => {
    const texts: readonly [DefinedObjects, string][] = [
      [{ named: ['view orders.a', 'event orders.b'], others: 0, areMore: false }, 'view orders.a, event orders.b'],
      [{ named: ['view orders.a'], others: 1, areMore: false }, 'view orders.a and 1 other object'],
      [{ named: [], others: 1, areMore: false }, '1 object in other databases'],
      [{ named: [], others: 1000, areMore: true }, '1000 or more objects in other databases'],
    ];
    for (const [objects, text] of texts) expect(described(objects)).to.equal(text);
  });

  it('refuses names before anything is looked at', () => {
    for (const name of ['n'.repeat(33), 'root', ' a', '😀'])
      expect(() => requireUserName(name))
        .to.throw()
        .with.property('reason', 'NotPermitted');
    requireUserName('é'.repeat(32));
  });
});

describe('the plan for adopting a user of MySQL', () => {
  const adopting = { ...request, adopt: true };
  const adopted = { ...mark, origin: 'adopted' } as const;
  const planned = (user: MysqlUser, privilege?: string) => planUser(adopting, { ...user, adoption: { privilege } });

  it('marks it as adopted', () => {
    const { steps, findings } = planned(unmarked);
    expect(findings).to.deep.equal([]);
    expect(steps).to.have.length(1);
    expect(steps[0]).to.deep.include({ kind: 'adopt-user', mark: adopted });
  });

  const foreign = { ...mark, connection: '00000000000000d2' };
  const obstacles: readonly [string, MysqlUser, string | undefined, RegExp][] = [
    [
      'bound to another identity',
      { ...unmarked, account: { ...account, attribute: null, binding: { id: another, isServicePrincipal: true } } },
      undefined,
      /isn't bound to the identity/,
    ],
    [
      'with a password',
      { ...unmarked, account: { ...account, attribute: null, binding: undefined } },
      undefined,
      /isn't bound to the identity/,
    ],
    ['with more than an application needs', unmarked, 'has a right on all databases', /because it has a right on all databases/],
    [
      'with a mark that can’t be read',
      { ...unmarked, account: { ...account, attribute: 'dbaccess/2 of later' } },
      undefined,
      /belongs to another connection/,
    ],
  ];
  for (const [what, user, privilege, message] of obstacles)
    it(`refuses one ${what}`, () => {
      const { steps, findings } = planned(user, privilege);
      expect(steps).to.deep.equal([]);
      expect(findings[0]).to.include({ reason: 'UserNameTaken', blocking: true });
      expect(findings[0]?.message).to.match(message);
    });

  it('is of interest for those alone that somebody else made, or an earlier life took over', () => {
    const forAdoption: readonly [MysqlUser, boolean][] = [
      [unmarked, true],
      [inSync, false],
      [{ ...inSync, mark: adopted }, false],
      [{ ...inSync, mark: { ...adopted, uid: another } }, true],
      [{ ...inSync, mark: foreign }, false],
      [{ ...unmarked, isReserved: true }, false],
      [{ ...unmarked, otherHosts: ['::1'] }, false],
      [absent, false],
    ];
    for (const [user, expected] of forAdoption) expect(isForAdoption(adopting, user)).to.equal(expected);
    expect(isForAdoption(request, unmarked)).to.equal(false);
  });
});

describe('what Azure’s MySQL says of a binding', () => {
  const rows: readonly [string, ReturnType<typeof bindingOf>][] = [
    [`AADSP:${clientId}:upn:aad_shop`, { id: clientId, isServicePrincipal: true }],
    [`aadsp:${clientId.toUpperCase()}:upn:x`, { id: clientId, isServicePrincipal: true }],
    [`AADApp:${clientId}:upn:x`, { id: clientId, isServicePrincipal: true }],
    [`AADUser:${clientId}:upn:x`, { id: clientId, isServicePrincipal: false }],
    [`AADGroup:${clientId}:upn:x`, { id: clientId, isServicePrincipal: false }],
    [`AADNew:${clientId}:upn:x`, { id: clientId, isServicePrincipal: false }],
    [`x AADSP:${clientId}:upn:x`, undefined],
    ['AADSP:nobody:upn:x', undefined],
    ['*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19', undefined],
    ['', undefined],
  ];
  for (const [text, binding] of rows) it(`is read: ${text}`, () => expect(bindingOf(text)).to.deep.equal(binding));
});

describe('what a note keeps of a user of MySQL', () => {
  it('is what was put in', () => {
    for (const kept of [{ isMark: true }, { isMark: false, former: { from: another, grants } }])
      expect(keptIn(note(kept))).to.deep.equal(kept);
  });

  it('is nothing where it can’t be read, and never a right on everything', () => {
    for (const kept of ['', '{', 'null', '[]', '7', '{"former": 7}']) expect(keptIn({ kept }), kept).to.deep.equal({ isMark: false });
    expect(keptIn(undefined)).to.deep.equal({ isMark: false });
    const spoilt = [{ on: { kind: 'server' }, privileges: ['SUPER'] }, { on: { kind: 'database' }, privileges: 'ALL' }, 7, null];
    expect(keptIn({ kept: JSON.stringify({ former: { grants: spoilt } }) }).former?.grants).to.deep.equal([]);
  });
});
