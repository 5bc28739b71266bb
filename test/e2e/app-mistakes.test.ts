import type { ConnectionSpec } from '../../src/api/spec.ts';
import type { ConnectionKey } from '../support/connections.ts';
import { becomesReady, connect, fails, newName, specFor } from './apps/connect.ts';
import {
  appsPolicy,
  containerApp,
  host,
  newClientSecret,
  newPrincipal,
  principalIdentity,
  servedLabel,
  webApp,
  workloadOf,
  writeSecret,
} from './apps/hosted.ts';
import {
  deleteAllConnections,
  deletePolicy,
  newNamespace,
  newServiceAccount,
  patchConnection,
  sandbox,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

/** One thing wrong with an app or its spec. */
interface Mistake {
  readonly make: () => Promise<ConnectionKey>;
  readonly reason: string;
  readonly says: RegExp;
  readonly mend: (key: ConnectionKey) => Promise<void>;
}

/** Whose secret is `the secret`; made once, before the policy that names it. */
let principal: Awaited<ReturnType<typeof newPrincipal>>;

describe('connections of apps that somebody must mend', function () {
  this.timeout(testTimeout);

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    principal = await newPrincipal('mistaken-principal', 'the secret');
    await appsPolicy('app-mistakes');
  });
  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });
  after(() => deletePolicy('app-mistakes'));

  const mistakes: Readonly<Record<string, Mistake>> = {
    'a container that is not there': {
      make: async () => {
        const { resourceId } = await host(containerApp(newName(), ['main']));
        return connect(specFor({ type: 'ContainerApp', containerApp: { resourceId, containers: ['worker'] } }));
      },
      reason: 'WorkloadNotFound',
      says: /has no container "worker" \(it has main\): correct spec\.workload\.containerApp\.containers/,
      mend: (key) => patchConnection(key, { spec: { workload: { containerApp: { containers: ['main'] } } } }),
    },
    'a slot that is not there': {
      make: async () => {
        const { resourceId } = await host(webApp(newName()));
        return connect(specFor({ type: 'WebApp', webApp: { resourceId, slot: 'staging' } }));
      },
      reason: 'WorkloadNotFound',
      says: /there is no slot "staging" of web app/,
      mend: (key) => patchConnection(key, { spec: { workload: { webApp: { slot: null } } } }),
    },
    'a setting that somebody else wrote': {
      make: async () => {
        const app = await host(webApp(newName()));
        app.appSettings = { AZURE_POSTGRESQL_HOST: 'theirs' };
        return connect(specFor(workloadOf(app)));
      },
      reason: 'SettingNotOwned',
      says: /has the setting AZURE_POSTGRESQL_HOST, written by somebody else: .*spec\.output\.adopt/,
      mend: (key) => patchConnection(key, { spec: { output: { adopt: true } } }),
    },
    'an app that another operation holds': {
      make: async () => {
        const app = await host(containerApp(newName()));
        app.operations.push({ id: 'held', startedAt: 0, endsAt: Number.POSITIVE_INFINITY });
        return connect(specFor(workloadOf(app)));
      },
      reason: 'WorkloadBusy',
      says: /another operation changes container app/,
      mend: async () => {
        for (const app of (await sandbox()).world.hosts.containerApps)
          app.operations.splice(0, Number.POSITIVE_INFINITY, ...app.operations.filter(({ id }) => id !== 'held'));
      },
    },
    'a client secret that is not there': {
      make: async () => {
        const app = await host(containerApp(newName()));
        return connect(specFor(workloadOf(app), await asThePrincipal()));
      },
      reason: 'ClientSecretNotFound',
      says: /Secret "principal" .* is not in this namespace: create it/,
      mend: ({ namespace }) => newClientSecret(namespace, 'principal', 'the secret'),
    },
    'a client secret without the label, on a service account': {
      make: async () => {
        const namespace = await newNamespace({ served: false, labels: servedLabel });
        await newServiceAccount(namespace);
        await newClientSecret(namespace, 'principal', 'the secret', {});
        return connect(specOf(await asThePrincipal()), 'c', namespace);
      },
      reason: 'ClientSecretNotFound',
      says: /Secret "principal" .* lacks the label dbaccess\.dev\/referable: "true"/,
      mend: ({ namespace }) => writeSecret(namespace, 'the secret'),
    },
  };
  for (const [what, { make, reason, says, mend }] of Object.entries(mistakes)) {
    it(`say what to do about ${what}, and go on when that is done`, async () => {
      const key = await make();
      await fails(key, reason, says);
      await mend(key);
      await patchConnection(key, { metadata: { annotations: { 'dbaccess.dev/requestedAt': '1' } } });
      await becomesReady(key);
    });
  }

  async function asThePrincipal(): Promise<(spec: ConnectionSpec) => void> {
    const identity = await principalIdentity(principal, 'principal');
    return (spec) => {
      spec.identity = identity;
    };
  }
});
