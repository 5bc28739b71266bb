import type { Server, World } from './azure/world.ts';
import { operatorIdentityName } from './landscape.ts';
import type { SandboxServer } from './sandbox-file.ts';

type Administrators = Server['administrators'];

/** The operator as Entra administrator, where the tenant has it, and the administrators beside it. */
export function administratorsOf(server: Server, world: World): { readonly own: Administrators; readonly others: Administrators } {
  const operator = world.identities.find(({ name }) => name === operatorIdentityName);
  return {
    own: operator ? [{ objectId: operator.principalId, principalName: operator.name, principalType: 'ServicePrincipal' }] : [],
    others: server.administrators.filter(({ principalName }) => principalName !== operatorIdentityName),
  };
}

/** A server as the sandbox's file tells it. */
export function describedServer(server: Server, backend?: NonNullable<SandboxServer['backend']>): SandboxServer {
  const { name, type, resourceId, host, port, databases } = server;
  return { name, type, resourceId, host, port, databases, ...(backend && { backend }) };
}
