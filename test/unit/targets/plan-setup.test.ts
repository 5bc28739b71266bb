import { expect } from 'chai';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import type { ResourceId } from '../../../src/azure/resource-id.ts';
import { type FirewallWindow, planSetup, type SetupStep } from '../../../src/targets/plan-setup.ts';
import { noSetup, type ServerGap, type ServerSetup, SetupNeeded } from '../../../src/targets/setup-needed.ts';

const subscriptionId = '00000000-0000-4000-8000-000000000001';
const serverId: ResourceId = { kind: 'mysqlServer', subscriptionId, resourceGroup: 'g', names: ['s'] };
const identity = (name: string): ResourceId => ({ kind: 'userAssignedIdentity', subscriptionId, resourceGroup: 'G', names: [name] });
const sid = 'aaaaaaaa-0000-4000-8000-000000000001';

const authentication: ServerGap = { kind: 'entra-authentication' };
const firewall: ServerGap = { kind: 'firewall', address: '20.50.2.10' };
const onPostgres = { sid, directoryReaders: undefined };
const readers = (...names: readonly string[]) => ({ sid, directoryReaders: names.map(identity) });

function plan(gap: ServerGap, setup: Partial<ServerSetup>, window: FirewallWindow = { kind: 'may-open' }, isBusy = false) {
  const failure = new ConnectionError('waiting', 'NotEntraAdministrator', 'it is refused');
  const server = { serverId, host: 'h', administratorIds: [], login: undefined, isBusy };
  return planSetup({ ...noSetup, ...setup }, new SetupNeeded(failure, gap, server), window);
}

/** The step without its words. */
function changed(step: SetupStep | undefined) {
  if (!step) return undefined;
  const { stage: _stage, summary: _summary, ...change } = step;
  return change;
}

describe('the plan of a server’s set-up', () => {
  const done: readonly [string, ServerGap, Partial<ServerSetup>, object][] = [
    ['Entra authentication that is off', authentication, { entraAuthentication: 'Enable' }, { kind: 'enable-entra-authentication' }],
    [
      'an administrator that is missing',
      { kind: 'administrator', ...onPostgres },
      { entraAdministrator: 'AddIfNone' },
      { kind: 'set-administrator', sid, directoryReader: undefined },
    ],
    [
      'the same where TakeOver is allowed',
      { kind: 'administrator', ...onPostgres },
      { entraAdministrator: 'TakeOver' },
      { kind: 'set-administrator', sid, directoryReader: undefined },
    ],
    [
      'another administrator where TakeOver is allowed',
      { kind: 'other-administrator', ...readers('reads') },
      { entraAdministrator: 'TakeOver' },
      { kind: 'take-over-administrator', sid, directoryReader: identity('reads') },
    ],
    [
      'a MySQL server with identities of its own, preferring the policy’s',
      { kind: 'administrator', ...readers('first', 'Second') },
      { entraAdministrator: 'AddIfNone', mysqlServerIdentityId: identity('second') },
      { kind: 'set-administrator', sid, directoryReader: identity('Second') },
    ],
    [
      'a MySQL server with identities of its own, leaving it at these',
      { kind: 'administrator', ...readers('first') },
      { entraAdministrator: 'AddIfNone', mysqlServerIdentityId: identity('second') },
      { kind: 'set-administrator', sid, directoryReader: identity('first') },
    ],
    [
      'a MySQL server without an identity',
      { kind: 'administrator', ...readers() },
      { entraAdministrator: 'AddIfNone', mysqlServerIdentityId: identity('second') },
      { kind: 'assign-server-identity', identityId: identity('second') },
    ],
    ['a closed firewall', firewall, { temporaryFirewallRule: 'Allow' }, { kind: 'open-firewall', address: '20.50.2.10' }],
  ];
  for (const [what, gap, setup, change] of done) {
    it(`mends ${what}`, () => {
      const { steps, findings } = plan(gap, setup);
      expect(steps.map(changed)).to.deep.equal([change]);
      expect(findings).to.deep.equal([]);
    });
  }

  const everything: ServerSetup = {
    entraAuthentication: 'Enable',
    entraAdministrator: 'TakeOver',
    temporaryFirewallRule: 'Allow',
    mysqlServerIdentityId: identity('second'),
  };
  const left: readonly [string, ServerGap, Partial<ServerSetup>, RegExp, FirewallWindow?][] = [
    ['authentication', authentication, { ...everything, entraAuthentication: 'Never' }, /^it is refused$/],
    [
      'a missing administrator',
      { kind: 'administrator', ...onPostgres },
      { ...everything, entraAdministrator: 'Never' },
      /^it is refused$/,
    ],
    ['another one', { kind: 'other-administrator', ...readers('a') }, { ...everything, entraAdministrator: 'Never' }, /^it is refused$/],
    [
      'another one without TakeOver',
      { kind: 'other-administrator', ...readers('a') },
      { ...everything, entraAdministrator: 'AddIfNone' },
      /^it is refused$/,
    ],
    ['a firewall', firewall, { ...everything, temporaryFirewallRule: 'Never' }, /^it is refused$/],
    [
      'a server without identity',
      { kind: 'administrator', ...readers() },
      { entraAdministrator: 'AddIfNone' },
      /setup\.mysqlServerIdentityId/,
    ],
    ['a firewall that was opened', firewall, everything, /up to 5 minutes/, { kind: 'open' }],
    ['a firewall that was open', firewall, everything, /once an hour.*after 2026/, { kind: 'spent', until: '2026-01-01T00:00:00Z' }],
    ['a firewall that names a stranger', firewall, everything, /--egress-ips/, { kind: 'other-address' }],
  ];
  for (const [what, gap, setup, message, window] of left) {
    it(`leaves ${what}, with the reason`, () => {
      const { steps, findings } = plan(gap, setup, window);
      expect(steps).to.deep.equal([]);
      expect(findings.map(({ reason, blocking }) => ({ reason, blocking }))).to.deep.equal([
        { reason: 'NotEntraAdministrator', blocking: true },
      ]);
      expect(findings[0]?.message).to.match(message);
    });
  }

  it('waits while another operation changes the server', () => {
    const { steps, findings } = plan(authentication, everything, undefined, true);
    expect(steps).to.deep.equal([]);
    expect(findings[0]).to.include({ blocking: true, reason: 'AzureError' });
  });

  it('is nothing by default', () => {
    for (const gap of [authentication, firewall, { kind: 'administrator', ...onPostgres }] as const)
      expect(plan(gap, {}).steps).to.deep.equal([]);
  });
});
