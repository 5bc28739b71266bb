import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { expect } from 'chai';
import { KubeClient } from '../../../src/runtime/kube-client.ts';
import { KubeTransport } from '../../../src/runtime/kube-transport.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from '../../../src/runtime/metrics.ts';
import { parseKey, type Resource } from '../../../src/runtime/resource.ts';
import { eventually, rejection } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const things: Resource = { apiVersion: 'test.dbaccess.dev/v1', plural: 'things', kind: 'Thing', namespaced: true };
const nodes: Resource = { apiVersion: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };

describe('A Kubernetes client', () => {
  const { signal } = new AbortController();
  const key = parseKey('shop/a');
  let server: Server;
  let connections: number;
  let asked: {
    readonly line: string;
    readonly type: string | undefined;
    readonly authorization: string | undefined;
    readonly body: string;
  }[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let clock: FakeClock;
  let metrics: RuntimeMetrics;
  let transport: KubeTransport;
  let client: KubeClient;

  beforeEach(async () => {
    connections = 0;
    asked = [];
    answer = (_, response) => response.end('{}');
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { 'content-type': type, authorization } = request.headers;
      asked.push({ line: `${request.method} ${request.url}`, type, authorization, body });
      answer(request, response);
    });
    server.on('connection', () => {
      connections += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    clock = new FakeClock();
    metrics = createRuntimeMetrics();
    const config = new KubeConfig();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/behind/a/gateway`;
    config.loadFromClusterAndUser({ name: 'test', server: url, skipTLSVerify: true }, { name: 'user', token: 'a-token' });
    transport = new KubeTransport(config);
    client = new KubeClient({ transport, clock, metrics });
  });

  afterEach(async () => {
    await transport.close();
    server.close();
    server.closeAllConnections();
  });

  it('asks for what each call means, as who the kubeconfig says', async () => {
    const prefix = '/behind/a/gateway';
    await client.get(things, key, { signal });
    await client.get(nodes, parseKey('n'), { signal });
    await client.patchJson(things, key, [{ op: 'remove', path: '/x' }], { subresource: 'status', signal });
    await client.delete(things, key, { uid: 'u', signal });
    await client.apply(things, { ...things, metadata: { namespace: 'shop', name: 'a' } }, { fieldManager: 'me', signal });
    await client.raw('/.well-known/openid-configuration', { signal });
    const path = `${prefix}/apis/test.dbaccess.dev/v1/namespaces/shop/things/a`;
    expect(asked.map(({ line, type }) => [line, type])).to.deep.equal([
      [`GET ${path}`, undefined],
      [`GET ${prefix}/api/v1/nodes/n`, undefined],
      [`PATCH ${path}/status`, 'application/json-patch+json'],
      [`DELETE ${path}`, 'application/json'],
      [`PATCH ${path}?fieldManager=me&force=false`, 'application/apply-patch+yaml'],
      [`GET ${prefix}/.well-known/openid-configuration`, undefined],
    ]);
    expect(JSON.parse(asked[3]?.body ?? '')).to.deep.include({ preconditions: { uid: 'u' } });
    expect(new Set(asked.map(({ authorization }) => authorization))).to.deep.equal(new Set(['Bearer a-token']));
  });

  it('makes few connections for many requests, one after the other', async () => {
    for (let i = 0; i < 50; i += 1) await client.get(things, key, { signal });
    // the next request may be sent a moment before the last connection is free again
    expect(connections).to.be.at.most(2);
  });

  it('cannot be led to another path by a name', async () => {
    await client.get(things, { namespace: 'shop', name: '../../../secrets/x?y#z' }, { signal });
    expect(asked[0]?.line).to.match(/things\/\.\.%2F\.\.%2F\.\.%2Fsecrets%2Fx%3Fy%23z$/);
    expect(await rejection(client.get(things, { namespace: '', name: 'a' }, { signal }))).to.be.instanceOf(TypeError);
  });

  it('gives up at its deadline, counted from the start', async () => {
    answer = () => {};
    const failing = rejection(client.get(things, key, { deadlineInMs: 5_000, signal }));
    await eventually(() => asked.length === 1);
    await clock.advance(5_000);
    expect(await failing).to.include({ status: 0, reason: 'DeadlineExceeded' });
    expect(clock.sleeping).to.equal(0);
  });

  it('gives up at its deadline in the middle of an answer, too', async () => {
    answer = (_, response) => response.write('{"metadata":');
    const failing = rejection(client.get(things, key, { signal }));
    await eventually(() => asked.length === 1);
    await clock.advance(30_000);
    expect(await failing).to.include({ status: 0, reason: 'DeadlineExceeded' });
  });

  it('throws the reason of the signal when the caller gives up, also before it asked', async () => {
    answer = () => {};
    const stop = new AbortController();
    const reason = new Error('enough');
    const failing = rejection(client.get(things, key, { signal: stop.signal }));
    await eventually(() => asked.length === 1);
    stop.abort(reason);
    expect(await failing).to.equal(reason);
    expect(await rejection(client.get(things, key, { signal: stop.signal }))).to.equal(reason);
    expect(asked).to.have.length(1);
  });

  it('turns a refusal into a StatusError with its time to wait', async () => {
    answer = (_, response) => response.writeHead(429, { 'retry-after': '4' }).end('{"reason":"TooManyRequests","message":"slow down"}');
    expect(await rejection(client.get(things, key, { signal }))).to.include({ status: 429, message: 'slow down', retryAfterInMs: 4_000 });
  });

  it('does not follow redirects with its token', async () => {
    answer = (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    expect(await rejection(client.get(things, key, { signal }))).to.include({ status: 302 });
    expect(asked).to.have.length(1);
  });

  it('says when nobody listens, and when the answer is none', async () => {
    answer = (_, response) => response.end('<html>');
    expect(await rejection(client.get(things, key, { signal }))).to.include({ status: 0, reason: 'MalformedAnswer' });
    answer = (_, response) => response.end('{"items":3}');
    expect(await rejection(client.listPages(things, { signal }).next())).to.include({ status: 0, reason: 'MalformedAnswer' });
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(await rejection(client.get(things, key, { signal }))).to.include({ status: 0, reason: 'Unreachable' });
  });

  it('counts requests by answer', async () => {
    await client.get(things, key, { signal });
    answer = (_, response) => response.writeHead(404).end();
    await client.get(things, key, { signal });
    answer = (_, response) => response.destroy();
    await rejection(client.get(things, key, { signal }));
    const text = await metrics.registry.metrics();
    for (const code of ['200', '404', '<error>'])
      expect(text).to.include(`rest_client_requests_total{code="${code}",method="GET",host="${transport.host}"} 1`);
  });

  it('hands over events of a watch one by one, however they are cut into chunks', async () => {
    const text = ['a', 'ü', 'c'].map((name) => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`).join('');
    answer = async (_, response) => {
      for (const byte of Buffer.from(text)) {
        response.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    };
    const names: string[] = [];
    for await (const event of client.watch(things, { resourceVersion: '1', timeoutInSeconds: 10, inactivityInMs: 90_000, signal }))
      if (event.type === 'ADDED') names.push(event.object.metadata.name);
    expect(names).to.deep.equal(['a', 'ü', 'c']);
    expect(clock.sleeping).to.equal(0);
  });
});
