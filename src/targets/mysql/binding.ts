import type { Binding } from './user.ts';

/** What authentication_string of an Entra user says: `AADSP:<client id>:upn:<name>`; AADUser and AADGroup with object ids (azure-facts 2.2). Pure. */
export function bindingOf(text: string): Binding | undefined {
  const [, kind, id] = /^(AAD\w+):([0-9a-f-]{36}):/i.exec(text) ?? [];
  if (kind === undefined || id === undefined) return undefined;
  return { id: id.toLowerCase(), isServicePrincipal: /^AAD(SP|App)$/i.test(kind) };
}

/** Whether just this service principal or managed identity can log in as the user. Pure. */
export function isBoundTo(binding: Binding | undefined, clientId: string): boolean {
  return binding?.isServicePrincipal === true && binding.id === clientId.toLowerCase();
}
