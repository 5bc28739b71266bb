import { expect } from 'chai';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { DriftSchedule } from '../../../src/connection/drift-schedule.ts';
import { isOwnRule, parseFirewallRule, ruleName } from '../../../src/connection/firewall-rule.ts';
import { FirewallWindows } from '../../../src/connection/firewall-windows.ts';
import type { Logger } from '../../../src/runtime/logger.ts';
import { rejection } from '../../support/eventually.ts';
import { settled } from '../../support/fake-clock.ts';
import { serverId as serverPath, Workbench } from './workbench.ts';

const serverId = requiredResourceId(serverPath('shop'), 'postgresServer');
const server = { serverId, host: 'shop.example' };
const address = '20.50.2.10';
const cluster = '0123456789abcdef';
const minute = 60_000;

const quiet = { info: () => {}, warn: () => {} } as unknown as Pick<Logger, 'info' | 'warn'>;

/** An Azure with one server's rules, and a ledger in Kubernetes that outlives the operator. */
class Playground {
  readonly bench = new Workbench();
  readonly calls: string[] = [];
  rules: readonly string[] = ['office'];
  allowed = true;
  /** Called before each call is carried out; may throw. */
  before: (call: string) => void | Promise<void> = () => {};
  /** What the next calls throw after they were carried out. */
  after: (call: string) => void = () => {};
  readonly schedule = new DriftSchedule({ intervalInMs: 10 * minute, clock: this.bench.clock, random: () => 0.5 });

  /** What a started operator has. */
  windows(egressAddresses: readonly string[] = []): FirewallWindows {
    const call = async (text: string, done: () => void) => {
      this.calls.push(text);
      await this.before(text);
      done();
      this.after(text);
    };
    return new FirewallWindows({
      ledger: this.bench.deps().ledger,
      rules: {
        listFirewallRules: async () => {
          await call('list', () => {});
          return this.rules;
        },
        putFirewallRule: (_id, { name, address: to }) => call(`put ${to}`, () => (this.rules = [...this.rules, name])),
        deleteFirewallRule: (_id, name) => call('delete', () => (this.rules = this.rules.filter((each) => each !== name))),
      },
      driftSchedule: this.schedule,
      clusterHash: cluster,
      egressAddresses,
      isAllowedAnywhere: () => this.allowed,
      clock: this.bench.clock,
      logger: quiet,
    });
  }

  /** What the ledger remembers. */
  remembered() {
    const [found] = [...this.bench.objects].filter(([path]) => path.includes('ledger-'));
    return parseFirewallRule((found?.[1]['data'] as Record<string, string> | undefined)?.['firewallRule']);
  }

  /** Another start of the operator, which sweeps at once. */
  async restarted(): Promise<AbortController> {
    const stop = new AbortController();
    void this.windows().run({ signal: stop.signal });
    await this.bench.clock.advance(1);
    return stop;
  }
}

/** A target whose sessions end when the test says so. */
function sessions() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { target: { whenUnused: () => promise }, end: resolve };
}

describe('a temporary firewall rule', () => {
  const { signal } = new AbortController();

  it('is for one address, has cluster and end in its name, and stands in the ledger before it is made', async () => {
    const playground = new Playground();
    playground.before = (call) => {
      if (call.startsWith('put')) expect(playground.remembered()).to.include({ address, name: ruleName(cluster, 1_767_226_200_000) });
    };
    await playground.windows().open(server, address, { signal });
    expect(playground.calls).to.deep.equal(['list', 'delete', `put ${address}`]);
    expect(playground.rules).to.deep.equal(['office', `dbaccess-${cluster}-202601010010`]);
  });

  it('goes when the sessions have ended', async () => {
    const playground = new Playground();
    const windows = playground.windows();
    await windows.open(server, address, { signal });
    expect(await windows.look(serverId, address, { signal })).to.deep.equal({ kind: 'open' });
    const { target, end } = sessions();
    windows.loggedIn(server, target);
    await playground.bench.clock.advance(minute);
    expect(playground.rules).to.have.length(2);
    end();
    await playground.bench.clock.advance(1);
    expect(playground.rules).to.deep.equal(['office']);
    expect(playground.remembered()).to.include({ closed: true });
  });

  for (const [what, used] of [
    ['nobody has logged in', false],
    ['sessions go on', true],
  ] as const) {
    it(`goes after ten minutes at the latest, though ${what}`, async () => {
      const playground = new Playground();
      const windows = playground.windows();
      await windows.open(server, address, { signal });
      if (used) windows.loggedIn(server, { whenUnused: (_server, { signal: over }) => untilAborted(over) });
      await playground.bench.clock.advance(9 * minute);
      expect(playground.rules).to.have.length(2);
      await playground.bench.clock.advance(minute);
      expect(playground.rules).to.deep.equal(['office']);
    });
  }

  it('is made at most once an hour, by whichever start of the operator, and passes wait for the next', async () => {
    const playground = new Playground();
    await playground.windows().open(server, address, { signal });
    await playground.bench.clock.advance(11 * minute);
    const again = playground.windows();
    expect(await again.look(serverId, address, { signal })).to.deep.equal({ kind: 'spent', until: '2026-01-01T01:00:00Z' });
    await again.open(server, address, { signal });
    expect(playground.calls.filter((call) => call.startsWith('put'))).to.have.length(1);
    expect(playground.schedule.untilNext(serverId)).to.be.at.least(49 * minute);
    await playground.bench.clock.advance(49 * minute);
    expect(await again.look(serverId, address, { signal })).to.deep.equal({ kind: 'may-open' });
    await again.open(server, address, { signal });
    expect(playground.rules).to.have.length(2);
  });

  it('is made once for all who want it at the same time', async () => {
    const playground = new Playground();
    const windows = playground.windows();
    await Promise.all([1, 2, 3].map(() => windows.open(server, address, { signal })));
    expect(playground.calls.filter((call) => call.startsWith('put'))).to.have.length(1);
  });

  it('is made for no other address than the operator’s own, where that is known', async () => {
    const playground = new Playground();
    expect(await playground.windows(['20.50.2.11']).look(serverId, address, { signal })).to.deep.equal({ kind: 'other-address' });
    expect(await playground.windows(['20.50.2.11', address]).look(serverId, address, { signal })).to.deep.equal({ kind: 'may-open' });
  });

  for (const refusedCall of ['list', 'delete']) {
    it(`is never made where ${refusedCall} is refused, and uses up no hour`, async () => {
      const playground = new Playground();
      playground.before = (call) => {
        if (call === refusedCall) throw new ConnectionError('waiting', 'AzureAccessDenied', 'no');
      };
      const windows = playground.windows();
      expect(await rejection(windows.open(server, address, { signal }))).to.include({ reason: 'AzureAccessDenied' });
      expect(playground.rules).to.deep.equal(['office']);
      expect(playground.remembered()).to.equal(undefined);
    });
  }

  it('that Azure refuses uses up no hour', async () => {
    const playground = new Playground();
    playground.before = (call) => {
      if (call.startsWith('put')) throw new ConnectionError('waiting', 'AzureAccessDenied', 'no');
    };
    const windows = playground.windows();
    await rejection(windows.open(server, address, { signal }));
    expect(await windows.look(serverId, address, { signal })).to.deep.equal({ kind: 'may-open' });
  });

  it('that was made though the answer was lost is taken back', async () => {
    const playground = new Playground();
    playground.after = (call) => {
      if (call.startsWith('put')) throw new ConnectionError('retry', 'AzureError', 'the line broke off');
    };
    await rejection(playground.windows().open(server, address, { signal }));
    expect(playground.rules).to.deep.equal(['office']);
  });

  it('goes when the operator stops', async () => {
    const playground = new Playground();
    const windows = playground.windows();
    const stop = new AbortController();
    const running = windows.run({ signal: stop.signal });
    await settled();
    await windows.open(server, address, { signal });
    stop.abort(new Error('told to stop'));
    await running;
    expect(playground.rules).to.deep.equal(['office']);
  });

  describe('of an operator that was killed', () => {
    const forever = new Promise<void>(() => {});
    for (const [moment, hang] of [
      ['before it was made', (playground: Playground) => (playground.before = (call) => (call.startsWith('put') ? forever : undefined))],
      ['after it was made', (_: Playground) => {}],
    ] as const) {
      it(`${moment} is gone after the restart`, async () => {
        const playground = new Playground();
        hang(playground);
        void playground.windows().open(server, address, { signal });
        await settled();
        await settled();
        playground.before = () => {};
        const stop = await playground.restarted();
        expect(playground.rules).to.deep.equal(['office']);
        await playground.bench.clock.advance(11 * minute);
        expect(playground.remembered()).to.include({ closed: true });
        stop.abort();
      });
    }

    it('while it was on its way to Azure goes when it has come there', async () => {
      const playground = new Playground();
      playground.before = (call) => (call.startsWith('put') ? forever : undefined);
      void playground.windows().open(server, address, { signal });
      await settled();
      await settled();
      playground.before = () => {};
      const stop = await playground.restarted();
      const late = playground.remembered()?.name ?? '';
      playground.rules = ['office', late];
      await playground.bench.clock.advance(minute);
      expect(playground.rules).to.deep.equal(['office']);
      stop.abort();
    });

    it('is found by its name where somebody removed the ledger’s word of it', async () => {
      const playground = new Playground();
      await playground.bench.deps().ledger.rememberAdministrators(serverId, [], { signal });
      playground.rules = [
        'office',
        `dbaccess-${cluster}-202601010010`,
        'dbaccess-fedcba9876543210-202601010010',
        `dbaccess-${cluster}-mine`,
      ];
      const stop = await playground.restarted();
      expect(playground.rules).to.deep.equal(['office', 'dbaccess-fedcba9876543210-202601010010', `dbaccess-${cluster}-mine`]);
      stop.abort();
    });

    it('is looked for in no server while no policy allows such rules and none was made', async () => {
      const playground = new Playground();
      playground.allowed = false;
      await playground.bench.deps().ledger.rememberAdministrators(serverId, [], { signal });
      const stop = await playground.restarted();
      expect(playground.calls).to.deep.equal([]);
      stop.abort();
    });

    it('is tried again soon where it can’t be removed', async () => {
      const playground = new Playground();
      await playground.bench.deps().ledger.rememberAdministrators(serverId, [], { signal });
      playground.rules = [`dbaccess-${cluster}-202601010010`];
      playground.before = (call) => {
        if (call === 'delete') throw new ConnectionError('retry', 'AzureError', 'busy');
      };
      const stop = await playground.restarted();
      playground.before = () => {};
      await playground.bench.clock.advance(minute);
      expect(playground.rules).to.deep.equal([]);
      stop.abort();
    });
  });
});

describe('what the ledger says of a firewall rule', () => {
  const rule = { name: ruleName(cluster, 0), address, openedAt: 1, expiresAt: 2 };
  for (const [what, text, found] of [
    ['the rule', JSON.stringify(rule), rule],
    ['one that is closed', JSON.stringify({ ...rule, closed: true }), { ...rule, closed: true }],
    ['nothing', undefined, undefined],
    ['no JSON', '{', undefined],
    ['null', 'null', undefined],
    ['something else', '{"name":1}', undefined],
    ['a time that is none', JSON.stringify({ ...rule, openedAt: 'now' }), undefined],
  ] as const) {
    it(`is read where it is ${what}`, () => {
      expect(parseFirewallRule(text)).to.deep.equal(found);
    });
  }

  it('is of this cluster by its name, whatever case Azure gives it', () => {
    expect(isOwnRule(rule.name.toUpperCase(), cluster)).to.equal(true);
    expect(isOwnRule(`${rule.name}0`, cluster)).to.equal(false);
    expect(isOwnRule(rule.name, 'fedcba9876543210')).to.equal(false);
  });
});

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
