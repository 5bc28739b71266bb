import { expect } from 'chai';
import { conditionOf, readConnection, waitForReady } from '../../support/connections.ts';
import { eventsOf, eventually, inTime, patchConnection, sandbox, testTimeout } from '../support.ts';
import { asSuperuser, logInAs, readyMysql, rightsOf, withTable } from './support.ts';

interface Drift {
  readonly what: string;
  /** Statements of a superuser; :account is the user's account. */
  readonly change: readonly string[];
  /** What the one Event says. */
  readonly note: RegExp;
  readonly reason?: string;
}

const drifts: readonly Drift[] = [
  { what: 'a dropped user', change: ['DROP USER :account'], note: /CREATE AADUSER.*GRANT/ },
  { what: 'a locked account', change: ['ALTER USER :account ACCOUNT LOCK'], note: /ACCOUNT UNLOCK/ },
  { what: 'a right taken away', change: ['REVOKE INSERT ON `orders`.* FROM :account'], note: /^GRANT INSERT ON `orders`\.\*/ },
  { what: 'a right on the database too many', change: ['GRANT DROP ON `orders`.* TO :account'], note: /^REVOKE DROP ON `orders`\.\*/ },
  { what: 'a right on a table', change: ['GRANT ALTER ON orders.things TO :account'], note: /^REVOKE ALTER ON .*things/ },
  { what: 'a right on a column', change: ['GRANT REFERENCES (id) ON orders.things TO :account'], note: /^REVOKE .*things/ },
  { what: 'a right by a pattern', change: ['GRANT DROP ON `ord%`.* TO :account'], note: /^REVOKE DROP ON `ord%`\.\*/ },
  { what: 'a right on everything', change: ['GRANT PROCESS ON *.* TO :account'], note: /^REVOKE PROCESS ON \*\.\*/ },
  { what: 'the right to grant', change: ['GRANT GRANT OPTION ON `orders`.* TO :account'], note: /^REVOKE GRANT OPTION ON `orders`\.\*/ },
];

describe('what somebody changes on MySQL behind the operator’s back is put right, with one Event that names the steps:', function () {
  this.timeout(testTimeout);
  withTable('things');

  for (const { what, change, note, reason = 'DriftCorrected' } of drifts) {
    it(what, async () => {
      const { api } = (await sandbox()).controlPlane;
      const key = await readyMysql();
      const before = await rightsOf(key.user);
      for (const statement of change) await asSuperuser(statement, key.user);
      const corrections = async () => (await eventsOf(key)).filter((event) => event.reason !== 'Applied');
      await eventually(async () => (await corrections()).length > 0, { withinInMs: 15_000 });
      await waitForReady(api, key, { status: 'True' }, inTime());
      const events = await corrections();
      expect(events.map((event) => event.reason)).to.deep.equal([reason]);
      expect(events[0]?.note).to.match(note);
      expect(await rightsOf(key.user)).to.deep.equal(before);
      await (await logInAs(key)).close();
    });
  }

  it('but a user that somebody made anew is left alone, and named, until it is out of the way', async () => {
    const { api } = (await sandbox()).controlPlane;
    const key = await readyMysql();
    await asSuperuser('DROP USER :account', key.user);
    await asSuperuser("CREATE USER :account IDENTIFIED BY 'somebody else’s'", key.user);
    await patchConnection(key, { metadata: { annotations: { 'dbaccess.dev/requestedAt': 'now' } } });
    const refused = await waitForReady(api, key, { status: 'False', reason: 'UserNameTaken' }, inTime());
    expect(conditionOf(refused, 'DatabaseUserReady')).to.include({ status: 'False', reason: 'UserNameTaken' });
    expect(await rightsOf(key.user)).to.deep.equal(['all: USAGE']);
    await asSuperuser('DROP USER :account', key.user);
    await waitForReady(api, key, { status: 'True' }, inTime());
    expect((await readConnection(api, key, inTime()))?.status?.databaseUser?.name).to.equal(key.user);
  });
});
