import type { TargetType } from '../../src/api/spec.ts';
import { variables } from './variables.ts';

/** What is said before anything is done. */
export function intro(engines: readonly TargetType[]): string {
  const needed = variables.filter(({ of }) => of === undefined || engines.includes(of));
  const width = Math.max(...needed.map(({ name }) => name.length));
  return `The contract suite against servers in Azure: ${engines.join(', ')}.

It takes from the environment:
${needed.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`).join('\n')}

What it does: it makes databases, tables, routines, roles and users, logs in as two workloads, and takes everything away again after each scenario.
It changes nothing in Azure Resource Manager and nothing in Entra. On PostgreSQL and MySQL it remembers which users and databases were there before,
and drops any other, so nobody else may make any meanwhile: give it servers of its own. On Azure SQL it works in the one database, which must be empty.

What it costs: nothing beyond the servers while they are there. The smallest do: Burstable B1ms for PostgreSQL and MySQL, Basic for Azure SQL, which
together are a few US cents an hour. Reckon with an hour for a run. Delete the servers, or their resource group, when you are done.

What a run that was killed left behind: npm run test:live -- --clean-up
`;
}
