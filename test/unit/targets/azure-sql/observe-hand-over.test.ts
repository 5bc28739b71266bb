import { expect } from 'chai';
import { handBackStatements } from '../../../../src/targets/azure-sql/hand-over.ts';
import { observeBelongings } from '../../../../src/targets/azure-sql/observe-hand-over.ts';
import type { Session } from '../../../../src/targets/azure-sql/session.ts';

const { signal } = new AbortController();

/** A session in whose database the user owns a table, on which others have this. */
function sessionWith(rights: readonly object[]): Session {
  const answers = [[{ kind: 'object', schema: 'app', name: 'orders' }], rights];
  return { database: 'orders', query: async () => answers.shift() } as unknown as Session;
}

function right(state: string, column: string | null) {
  return {
    class: 1,
    classText: '',
    state,
    permission: 'SELECT',
    schema: 'app',
    name: 'orders',
    principalType: null,
    column,
    grantee: 'friend',
  };
}

describe('what others have on what a user of Azure SQL owns', () => {
  it('is given again in an order in which nothing undoes another, and what was closed stays closed', async () => {
    const rows = [right('R', 'secret'), right('W', 'name'), right('D', null), right('W', null)];
    const { handOver } = await observeBelongings(sessionWith(rows), 5, { signal });
    expect(handBackStatements(handOver, 'heir')).to.deep.equal([
      'ALTER AUTHORIZATION ON OBJECT::[app].[orders] TO [heir]',
      'GRANT SELECT ON OBJECT::[app].[orders] TO [friend] WITH GRANT OPTION',
      'DENY SELECT ON OBJECT::[app].[orders] TO [friend]',
      'GRANT SELECT ([name]) ON OBJECT::[app].[orders] TO [friend] WITH GRANT OPTION',
      'REVOKE SELECT ([secret]) ON OBJECT::[app].[orders] FROM [friend] CASCADE',
    ]);
  });
});
