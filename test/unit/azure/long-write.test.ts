import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import { Arm } from '../../../src/azure/arm.ts';
import { customCloud } from '../../../src/azure/cloud.ts';
import { writeAndWait } from '../../../src/azure/long-write.ts';
import { RateBudget } from '../../../src/azure/rate-budget.ts';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { type Answer, startHttpsServer, type TestServer } from './https-server.ts';

const subscriptionId = '00000000-0000-0000-0000-000000000001';
const path = `/subscriptions/${subscriptionId}/resourceGroups/shop/providers/Microsoft.App/containerApps/orders`;
const attempt = { action: 'Microsoft.App/containerApps/write' as const, what: 'container app "orders"', subscriptionId };
const operation = `/subscriptions/${subscriptionId}/providers/Microsoft.App/locations/westeurope/statuses/1?api-version=2026-07-01`;
const { signal } = new AbortController();

describe('a write of raw JSON that takes its time', () => {
  let server: TestServer;
  let other: TestServer;
  let waits: number[];

  before(async () => {
    server = await startHttpsServer();
    other = await startHttpsServer();
  });
  after(async () => {
    await other[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    server.seen.length = 0;
    waits = [];
  });

  async function write(...answers: readonly Answer[]): Promise<string> {
    const left = [...answers];
    server.answer = () => left.shift() ?? { status: 500, body: { error: { code: 'Unexpected', message: 'no more answers' } } };
    const arm = new Arm({
      cloud: customCloud({
        authority: 'https://127.0.0.1:1',
        armEndpoint: server.origin,
        armScope: 'https://management.azure.com/.default',
        ossrdbmsScope: 'https://ossrdbms-aad.database.windows.net/.default',
        sqlScope: 'https://database.windows.net/.default',
        suffixes: { PostgreSQL: '.postgres.example', MySQL: '.mysql.example', AzureSQL: '.sql.example' },
      }),
      credential: { getToken: async () => ({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }) },
      budget: new RateBudget(systemClock),
    });
    const clock: Clock = { now: () => systemClock.now(), sleep: async (ms) => void waits.push(ms) };
    const client = await arm.containerApps(subscriptionId);
    try {
      const request = { method: 'PATCH', to: path, apiVersion: '2026-07-01', body: { tags: { a: 'b', c: null } } } as const;
      await writeAndWait(arm, clock, client, attempt, request, { signal });
      return 'done';
    } catch (error) {
      const { kind, reason, message } = error as ConnectionError;
      return `${kind} ${reason}: ${message}`;
    }
  }
  const asked = () => server.seen.map(({ method, url }) => `${method} ${url}`);

  it('is done with its answer, where Azure names no operation', async () => {
    expect(await write({ status: 200, body: {} })).to.equal('done');
    expect(asked()).to.deep.equal([`PATCH ${path}?api-version=2026-07-01`]);
    expect(JSON.parse(server.seen[0]?.body ?? ''), 'nulls are sent').to.deep.equal({ tags: { a: 'b', c: null } });
    expect(server.seen[0]?.authorization).to.equal('Bearer token');
  });

  it('is done when its operation has succeeded, which is asked for as often as Azure says', async () => {
    const headers = { 'azure-asyncoperation': `${server.origin}${operation}`, 'retry-after': '7' };
    const result = await write(
      { status: 202, headers },
      { status: 200, body: { status: 'InProgress' } },
      { status: 200, body: { status: 'Succeeded' } },
    );
    expect(result).to.equal('done');
    expect(asked().slice(1)).to.deep.equal([`GET ${operation}`, `GET ${operation}`]);
    expect(waits).to.deep.equal([7_000, 2_000]);
  });

  it('is done when its location answers something else than 202', async () => {
    const location = { location: `${server.origin}${operation}` };
    expect(await write({ status: 202, headers: location }, { status: 202 }, { status: 200, body: {} })).to.equal('done');
  });

  it('fails as its operation does', async () => {
    const headers = { 'azure-asyncoperation': `${server.origin}${operation}` };
    const error = { code: 'ContainerAppOperationError', message: 'Failed to provision revision' };
    expect(await write({ status: 201, headers }, { status: 200, body: { status: 'Failed', error } })).to.equal(
      'waiting AzureError: Azure refused Microsoft.App/containerApps/write for container app "orders" (ContainerAppOperationError): Failed to provision revision',
    );
    const busy = { code: 'ManagedEnvironmentOperationInProgress', message: 'wait' };
    expect(await write({ status: 201, headers }, { status: 200, body: { status: 'Failed', error: busy } })).to.match(/^retry AzureError/);
  });

  it('fails with the code and the text of a refusal, in each shape that services have for it', async () => {
    const error = { code: 'ContainerAppSecretInvalid', message: 'a value is missing' };
    expect(await write({ status: 400, body: { error } })).to.equal(
      'stalled AzureError: Azure refused Microsoft.App/containerApps/write for container app "orders" (ContainerAppSecretInvalid): a value is missing',
    );
    expect(await write({ status: 409, body: { Code: 'Conflict', Message: 'another operation' } })).to.match(
      /^retry AzureError: .*\(Conflict\): another operation$/,
    );
    expect(await write({ status: 400, body: { title: 'One or more validation errors occurred.', status: 400 } })).to.match(
      /^stalled AzureError: .*\(status 400\): One or more validation errors occurred\.$/,
    );
    expect(await write({ status: 200, raw: '<html>' })).to.match(
      /^retry AzureError: Azure's answer about container app "orders" can't be read/,
    );
  });

  it('follows no operation to another host', async () => {
    other.seen.length = 0;
    const headers = { 'azure-asyncoperation': `${other.origin}${operation}` };
    expect(await write({ status: 202, headers })).to.match(/^waiting AzureError: Azure answered with a link to another host/);
    expect(other.seen).to.deep.equal([]);
  });

  it('is tried again when its operation says nothing', async () => {
    const headers = { 'azure-asyncoperation': `${server.origin}${operation}` };
    expect(await write({ status: 202, headers }, { status: 200, body: {} })).to.match(
      /^retry AzureError: Azure does not say how far it is/,
    );
  });
});
