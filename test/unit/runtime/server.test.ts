import { expect } from 'chai';
import { createRuntimeMetrics } from '../../../src/runtime/metrics.ts';
import { StatusServer } from '../../../src/runtime/server.ts';
import { rejection } from '../../support/eventually.ts';

describe('The status server', () => {
  let server: StatusServer;
  let url: string;
  let synced: boolean;
  let measured: number;

  beforeEach(async () => {
    synced = false;
    measured = 0;
    server = new StatusServer({
      host: '127.0.0.1',
      port: 0,
      metrics: createRuntimeMetrics(),
      healthy: {},
      ready: { caches: () => (synced ? undefined : 'not synced') },
      beforeMetrics: () => {
        measured += 1;
      },
    });
    url = await server.start();
  });

  afterEach(() => server.close());

  it('is healthy at once, and ready when its checks say so', async () => {
    expect((await fetch(`${url}/healthz`)).status).to.equal(200);
    const before = await fetch(`${url}/readyz`);
    expect([before.status, await before.text()]).to.deep.equal([503, 'caches: not synced\n']);
    synced = true;
    expect((await fetch(`${url}/readyz?verbose`)).status).to.equal(200);
  });

  it('shows metrics, measured at that moment', async () => {
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).to.match(/^text\/plain/);
    expect(await answer.text()).to.include('# TYPE controller_runtime_reconcile_total counter');
    expect(measured).to.equal(1);
  });

  it('refuses everything else', async () => {
    expect((await fetch(`${url}/`)).status).to.equal(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).to.equal(405);
  });

  it('says when its address is taken', async () => {
    const port = Number(new URL(url).port);
    const second = new StatusServer({ host: '127.0.0.1', port, metrics: createRuntimeMetrics(), healthy: {}, ready: {} });
    expect(await rejection(second.start())).to.include({ code: 'EADDRINUSE' });
  });
});
