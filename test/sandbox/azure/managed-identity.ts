import { armErrors } from './arm-error.ts';
import type { ArmContext, ArmOperation } from './arm-operation.ts';
import {
  checkAgainstOthers,
  checkFederatedCredentialName,
  concurrentWrite,
  isNamed,
  readFederatedCredential,
} from './federated-credential.ts';
import { lowerCaseGroup } from './hosts/host-identity.ts';
import type { FederatedCredential, Identity, World } from './world.ts';

const apiVersions = ['2024-11-30'];
const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const credentialType = `${type}/federatedIdentityCredentials`;
const group = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers';
const identityPath = `${group}/${type}/{identityName}`;
const credentialsPath = `${identityPath}/federatedIdentityCredentials`;
const credentialPath = `${credentialsPath}/{credentialName}`;

/** The operations of Microsoft.ManagedIdentity. A write of a credential takes `writeMs`, and during that time the identity's credentials take no other. */
export function managedIdentityOperations({ writeMs }: { readonly writeMs: number }): readonly ArmOperation[] {
  const beingWritten = new Set<Identity>();

  async function exclusively<T>(identity: Identity, { clock, signal }: ArmContext, write: () => T): Promise<T> {
    if (beingWritten.has(identity)) throw concurrentWrite(identity);
    beingWritten.add(identity);
    try {
      await clock.sleep(writeMs, signal);
      return write();
    } finally {
      beingWritten.delete(identity);
    }
  }

  const writeCredential = async (context: ArmContext) => {
    const { world, clock, params, body } = context;
    const identity = parentOf(context, 'write');
    const name = params['credentialName'] ?? '';
    checkFederatedCredentialName(name);
    const wanted = readFederatedCredential(body);
    return exclusively(identity, context, () => {
      checkAgainstOthers(identity, name, wanted);
      const credentials = identity.federatedCredentials;
      const index = credentials.findIndex((each) => isNamed(each, name));
      const existing = credentials[index];
      const written: FederatedCredential = {
        ...wanted,
        name: existing?.name ?? name,
        effectiveAt: existing && isSame(existing, wanted) ? existing.effectiveAt : clock.now() + world.propagationSeconds * 1000,
      };
      if (existing) credentials[index] = written;
      else credentials.push(written);
      return { status: existing ? 200 : 201, json: renderCredential(identity, written) };
    });
  };

  const deleteCredential = async (context: ArmContext) => {
    const identity = parentOf(context, 'delete');
    return exclusively(identity, context, () => {
      const index = identity.federatedCredentials.findIndex((each) => isNamed(each, context.params['credentialName'] ?? ''));
      if (index < 0) return { status: 204 };
      identity.federatedCredentials.splice(index, 1);
      return { status: 200 };
    });
  };

  return [
    {
      method: 'GET',
      path: `/subscriptions/{subscriptionId}/providers/${type}`,
      action: `${type}/read`,
      apiVersions,
      query: ['$skiptoken'],
      run: ({ world, params, page }) => {
        const prefix = `/subscriptions/${params['subscriptionId']}/`.toLowerCase();
        return page(
          world.identities
            .filter(({ resourceId }) => resourceId.toLowerCase().startsWith(prefix))
            .map((each) => renderIdentity(each, world)),
        );
      },
    },
    {
      method: 'GET',
      path: identityPath,
      action: `${type}/read`,
      apiVersions,
      run: (context) => {
        const identity = identityOf(context);
        if (!identity) throw notFound(context, type, context.params['identityName'] ?? '');
        return { status: 200, json: renderIdentity(identity, context.world) };
      },
    },
    {
      method: 'GET',
      path: credentialsPath,
      action: `${credentialType}/read`,
      apiVersions,
      query: ['$skiptoken'],
      run: (context) => {
        const identity = parentOf(context, 'read');
        return context.page(identity.federatedCredentials.map((each) => renderCredential(identity, each)));
      },
    },
    {
      method: 'GET',
      path: credentialPath,
      action: `${credentialType}/read`,
      apiVersions,
      run: (context) => {
        const identity = parentOf(context, 'read');
        const { identityName = '', credentialName = '' } = context.params;
        const credential = identity.federatedCredentials.find((each) => isNamed(each, credentialName));
        if (!credential) throw notFound(context, type, `${identityName}/federatedIdentityCredentials/${credentialName}`);
        return { status: 200, json: renderCredential(identity, credential) };
      },
    },
    { method: 'PUT', path: credentialPath, action: `${credentialType}/write`, apiVersions, run: writeCredential },
    { method: 'DELETE', path: credentialPath, action: `${credentialType}/delete`, apiVersions, run: deleteCredential },
  ];
}

function identityIdOf({ subscriptionId, resourceGroup, identityName }: ArmContext['params']): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${identityName}`;
}

function identityOf({ world, params }: ArmContext): Identity | undefined {
  const id = identityIdOf(params).toLowerCase();
  return world.identities.find((each) => each.resourceId.toLowerCase() === id);
}

function parentOf(context: ArmContext, verb: string): Identity {
  const identity = identityOf(context);
  if (!identity) throw armErrors.parentNotFound(verb, 'userAssignedIdentities/federatedIdentityCredentials', identityIdOf(context.params));
  return identity;
}

function notFound({ params }: ArmContext, ofType: string, name: string) {
  return armErrors.resourceNotFound(ofType, name, params['resourceGroup'] ?? '');
}

function isSame(left: Pick<FederatedCredential, 'issuer' | 'subject' | 'audiences'>, right: typeof left): boolean {
  return left.issuer === right.issuer && left.subject === right.subject && left.audiences.join() === right.audiences.join();
}

/** An identity as GET shows it. */
export function renderIdentity({ name, resourceId, clientId, principalId, tags = {} }: Identity, { location, tenantId }: World) {
  return {
    id: lowerCaseGroup(resourceId),
    name,
    type,
    location,
    tags,
    properties: { tenantId, principalId, clientId, isolationScope: 'None' },
  };
}

function renderCredential({ resourceId }: Identity, { name, issuer, subject, audiences }: FederatedCredential) {
  return {
    id: `${lowerCaseGroup(resourceId)}/federatedIdentityCredentials/${name}`,
    name,
    type: credentialType,
    properties: { issuer, subject, audiences },
  };
}
