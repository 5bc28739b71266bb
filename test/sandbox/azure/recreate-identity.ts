import type { Identity } from './world.ts';

/** Does to an identity what deleting and creating it again under its name does: new ids, no federated credentials. */
export function recreateIdentity(identity: Identity, { newId }: { readonly newId: () => string }): void {
  identity.clientId = newId();
  identity.principalId = newId();
  identity.federatedCredentials.length = 0;
}
