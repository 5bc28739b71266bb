import { expect } from 'chai';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import { type ConnectionKey, conditionOf, waitForReady } from '../../support/connections.ts';
import { createConnection, inTime, newNamespace, sandbox, specOf } from '../support.ts';
import { servedLabel } from './hosted.ts';

let apps = 0;

/** A name that no other app of these tests has. */
export function newName(): string {
  apps += 1;
  return `e2e-app-${apps}`;
}

/** A spec for an app with an identity of its own, and what a test wants otherwise. */
export function specFor(workload: ConnectionSpec['workload'], change: (spec: ConnectionSpec) => void = () => {}): ConnectionSpec {
  return specOf((spec) => {
    spec.workload = workload;
    spec.identity = { type: 'SystemAssigned' };
    change(spec);
  });
}

/** A new connection, in a namespace of its own unless one is named. */
export async function connect(spec: ConnectionSpec, name = 'c', namespace?: string): Promise<ConnectionKey> {
  const key = { namespace: namespace ?? (await newNamespace({ served: false, labels: servedLabel })), name };
  await createConnection(key, spec);
  return key;
}

export async function becomesReady(key: ConnectionKey): Promise<void> {
  await waitForReady((await sandbox()).controlPlane.api, key, { status: 'True' }, inTime());
}

/** Waits until the connection has failed for the reason, and looks at its message. */
export async function fails(key: ConnectionKey, reason: string, says: RegExp): Promise<void> {
  const connection = await waitForReady((await sandbox()).controlPlane.api, key, { status: 'False', reason }, inTime());
  expect(conditionOf(connection, 'Ready')?.message).to.match(says);
}
