import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../../deploy/azure-roles/', import.meta.url);

interface Role {
  readonly Actions: readonly string[];
}

/** The actions of the roles that deploy/ gives the operator: nothing else is granted in the sandbox. */
export const roleActions: readonly string[] = [
  ...new Set(readdirSync(folder).flatMap((file) => (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Role).Actions)),
];
