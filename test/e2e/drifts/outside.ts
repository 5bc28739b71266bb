import { clientIdAnnotation, tenantIdAnnotation, writtenClientIdAnnotation } from '../../../src/api/names.ts';
import { identityId, inTime, sandbox } from '../support.ts';
import { annotations, credential, type Drift, patch } from './tampering.ts';

const stranger = '99999999-9999-9999-9999-999999999999';
const annotate =
  /^annotate ServiceAccount [^ ]+: azure.workload.identity\/client-id=[0-9a-f-]{36}, azure.workload.identity\/tenant-id=[0-9a-f-]{36}$/;
const put = /^PUT [^ ]+\/federatedIdentityCredentials\/dbaccess-[0-9a-f]{24} \(subject system:serviceaccount:[^:]+:app\)$/;

async function recreateIdentity(): Promise<void> {
  const { endpoint, token } = (await sandbox()).controls;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ resourceId: identityId('shop-spare') });
  const answer = await fetch(`${endpoint}/identities/recreate`, { method: 'POST', headers, body, ...inTime() });
  if (!answer.ok) throw new Error(await answer.text());
}

/** What is done in Kubernetes and Azure. */
export const outsideDrifts: readonly Drift[] = [
  {
    what: 'a changed value in the Secret',
    change: patch('secrets', { data: { AZURE_POSTGRESQL_HOST: 'ZXZpbA==' } }),
    steps: ['update-secret'],
    note: /^update Secret [^ ]+: AZURE_POSTGRESQL_HOST$/,
  },
  {
    what: 'a key added to the Secret',
    change: patch('secrets', { data: { LD_PRELOAD: 'ZXZpbA==' } }),
    steps: ['update-secret'],
    note: /^update Secret [^ ]+: LD_PRELOAD$/,
  },
  {
    what: 'a key taken out of the Secret',
    change: patch('secrets', { data: { AZURE_POSTGRESQL_USER: null } }),
    steps: ['update-secret'],
    note: /^update Secret [^ ]+: AZURE_POSTGRESQL_USER$/,
  },
  { what: 'a deleted Secret', change: patch('secrets', undefined), steps: ['create-secret'], note: /^create Secret [^ ]+ with AZURE_/ },
  {
    what: 'another client id on the service account',
    change: annotations({ [clientIdAnnotation]: stranger }),
    steps: ['annotate-service-account'],
    note: annotate,
  },
  {
    what: 'another tenant on the service account',
    change: annotations({ [tenantIdAnnotation]: stranger }),
    steps: ['annotate-service-account'],
    note: annotate,
  },
  {
    what: 'a client id taken off the service account',
    change: annotations({ [clientIdAnnotation]: null }),
    steps: ['annotate-service-account'],
    note: annotate,
  },
  {
    what: 'all annotations taken off the service account',
    change: annotations({ [clientIdAnnotation]: null, [tenantIdAnnotation]: null, [writtenClientIdAnnotation]: null }),
    steps: ['annotate-service-account'],
    note: annotate,
  },
  { what: 'a deleted federated credential', change: credential(() => undefined), steps: ['put-federated-credential'], note: put },
  {
    what: 'another audience of the federated credential',
    change: credential((found) => ({ ...found, audiences: ['api://elsewhere'] })),
    steps: ['put-federated-credential'],
    note: put,
  },
  {
    what: 'another issuer of the federated credential',
    change: credential((found) => ({ ...found, issuer: 'https://elsewhere.example/' })),
    steps: ['put-federated-credential'],
    note: put,
  },
  {
    what: 'an identity that was made anew under its name',
    spec: (spec) => {
      spec.identity.userAssigned = { resourceId: identityId('shop-spare') };
    },
    change: { run: recreateIdentity },
    steps: ['put-federated-credential', 'annotate-service-account', 'rebind', 'allow-login', 'update-secret'],
    note: /^PUT .*annotate ServiceAccount .*SECURITY LABEL .*LOGIN; update Secret [^ ]+: AZURE_POSTGRESQL_CLIENTID$/,
    reason: 'IdentityRebound',
    leavesOther: true,
  },
];
