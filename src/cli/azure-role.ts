import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadAllYaml } from '@kubernetes/client-node';
import type { PolicySpec } from '../api/spec.ts';
import { neededRoles, scopesOf } from '../azure/needed-roles.ts';
import { capabilities, capabilityNames, roleDefinition } from '../azure/roles.ts';

const usage = `Usage: npm run --silent azure-role -- POLICY.yaml …

Prints one custom role for az role definition create, with what the operator needs in Azure for the ConnectionPolicies of the files and no more,
and on standard error which of the roles in deploy/azure-roles that are, and where each is best assigned instead.
`;

/** What the command prints for the texts of some files. Throws Error for one without a policy. Pure. */
export function printedRole(texts: readonly string[]): { readonly role: string; readonly notes: string } {
  const policies = texts.flatMap(policiesIn);
  if (policies.length === 0) throw new Error('no ConnectionPolicy is in these files');
  const needed = new Set(policies.flatMap(neededRoles));
  const names = capabilityNames.filter((name) => needed.has(name));
  const scopes = [...new Set(policies.flatMap(scopesOf))].sort();
  const role = roleDefinition('Passwordless Connection Operator', names, scopes);
  const notes = names.map((name) => `deploy/azure-roles/${name}.json: ${capabilities[name].title}; on ${capabilities[name].scope}\n`);
  return { role: `${JSON.stringify(role, undefined, 2)}\n`, notes: notes.join('') };
}

function policiesIn(text: string): readonly PolicySpec[] {
  const documents = loadAllYaml(text) as readonly ({ readonly kind?: unknown; readonly spec?: PolicySpec } | null)[];
  return documents.flatMap((each) => (each?.kind === 'ConnectionPolicy' && Array.isArray(each.spec?.targets) ? [each.spec] : []));
}

/** Reads the command line and prints. Answers the exit code. */
export async function main(): Promise<number> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean', default: false } } });
  if (values.help || positionals.length === 0) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  try {
    const { role, notes } = printedRole(await Promise.all(positionals.map((path) => readFile(path, 'utf8'))));
    process.stderr.write(notes);
    process.stdout.write(role);
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
}

if (import.meta.main) process.exitCode = await main();
