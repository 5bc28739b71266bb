import { expect } from 'chai';
import type { Fault } from '../../sandbox/controls/faults.ts';
import type { ConnectionKey } from '../../support/connections.ts';
import { deleteAllConnections, eventually, inTime, sandbox, startTimeout, testTimeout } from '../support.ts';
import {
  allowWith,
  becomesReady,
  beginAnew,
  closeFirewall,
  connect,
  forgetWindows,
  type Remembered,
  remembered,
  rulesOf,
  serverOf,
  withdrawAll,
} from './servers.ts';

/** Longer than any test waits. */
const forever = { delayMs: 600_000 };
const rules = '/firewallRules';

function held(method: string, path: string): Fault {
  return { match: { kind: 'arm', method, path }, respond: forever, times: 1 };
}

describe('an operator that is killed around a temporary firewall rule', function () {
  this.timeout(testTimeout);
  let server: Remembered;

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
  });

  beforeEach(async () => {
    server = await remembered('PostgreSQL');
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    (await sandbox()).faults.clear();
    await server.open();
    await beginAnew();
    await deleteAllConnections();
    await withdrawAll();
  });

  /** Waits until a request is held back, which is where the operator is then. */
  async function reach(fault: Fault): Promise<void> {
    const { faults } = await sandbox();
    faults.add(fault);
    await eventually(() => faults.list().length === 0, { withinInMs: 40_000 });
  }

  const hasRule = async () => (await rulesOf('PostgreSQL')).length > 0;

  async function thereIsARule(key: ConnectionKey): Promise<void> {
    await becomesReady(key);
    await eventually(hasRule, { withinInMs: 5_000 });
  }

  /** `rule`: whether one is left when it is killed. */
  const moments: readonly { readonly when: string; readonly rule: boolean; readonly until: (key: ConnectionKey) => Promise<unknown> }[] = [
    { when: 'it looks whether it may list rules', rule: false, until: () => reach(held('GET', `${rules}$`)) },
    { when: 'it looks whether it may remove rules', rule: false, until: () => reach(held('DELETE', rules)) },
    { when: 'the rule stands in the ledger, and is asked for', rule: false, until: () => reach(held('PUT', rules)) },
    { when: 'Azure makes the rule', rule: true, until: () => reach(held('GET', 'azureAsyncOperation')) },
    {
      when: 'it tries to log in, and the rule does not count yet',
      rule: true,
      until: async () => {
        await eventually(hasRule, { withinInMs: 20_000 });
        await reach({ match: { kind: 'sql', path: '^LOGIN$' }, respond: forever, times: 1 });
      },
    },
    { when: 'its sessions last', rule: true, until: thereIsARule },
    {
      when: 'it is about to remove the rule',
      rule: true,
      until: async (key) => {
        await thereIsARule(key);
        await reach(held('DELETE', rules));
      },
    },
    {
      when: 'the rule is gone, and the ledger does not say so yet',
      rule: false,
      until: async (key) => {
        await thereIsARule(key);
        const { faults } = await sandbox();
        faults.add(held('GET', `${rules}$`));
        await eventually(async () => faults.list().length === 0 && !(await hasRule()), { withinInMs: 40_000 });
      },
    },
  ];

  for (const { when, rule, until } of moments) {
    it(`while ${when}, leaves no rule behind after its restart`, async () => {
      const { faults, file, stopOperator, startOperator } = await sandbox();
      await closeFirewall('PostgreSQL');
      const { firewall } = await serverOf('PostgreSQL');
      if (firewall && when.includes('does not count')) firewall.effectSeconds = 60;
      await allowWith({ temporaryFirewallRule: 'Allow' });
      const key = await connect('PostgreSQL');
      await until(key);
      process.kill(file.operator?.pid ?? 0, 'SIGKILL');
      await stopOperator(inTime());
      if (rule) await eventually(hasRule, { withinInMs: 5_000 });
      // nobody allows such rules any more: that one was made is known from the ledger
      await allowWith({});
      faults.clear();
      await startOperator(inTime());
      await eventually(async () => !(await hasRule()), { withinInMs: 20_000 });
    });
  }

  it('finds one by its name where the ledger was lost too', async () => {
    const { file, stopOperator, startOperator } = await sandbox();
    await closeFirewall('PostgreSQL');
    await allowWith({ temporaryFirewallRule: 'Allow' });
    await thereIsARule(await connect('PostgreSQL'));
    process.kill(file.operator?.pid ?? 0, 'SIGKILL');
    await stopOperator(inTime());
    expect(await hasRule()).to.equal(true);
    await forgetWindows();
    const [left] = await rulesOf('PostgreSQL');
    await startOperator(inTime());
    await eventually(async () => !(await rulesOf('PostgreSQL')).some((each) => each === left), { withinInMs: 20_000 });
  });
});
