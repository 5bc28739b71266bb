import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/object-meta.ts';
import { EventRecorder, type Happening, microTime } from '../../../src/runtime/event-recorder.ts';
import type { KubeClient } from '../../../src/runtime/kube-client.ts';
import { createRuntimeMetrics } from '../../../src/runtime/metrics.ts';
import { keyText } from '../../../src/runtime/resource.ts';
import { StatusError } from '../../../src/runtime/status-error.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const stopped: Happening = { type: 'Warning', reason: 'ServerStopped', action: 'Observe', note: 'shop-pg is stopped' };

describe('An event recorder', () => {
  const { signal } = new AbortController();
  let clock: FakeClock;
  let sent: { readonly verb: 'create' | 'patch'; readonly name: string; readonly body: unknown }[];
  let failure: StatusError | undefined;
  let log: ReturnType<typeof collectingLogger>;
  let recorder: EventRecorder;

  beforeEach(() => {
    clock = new FakeClock();
    sent = [];
    failure = undefined;
    log = collectingLogger();
    const answer = (verb: 'create' | 'patch', name: string, body: unknown) => {
      sent.push({ verb, name, body });
      const error = failure;
      failure = undefined;
      return error ? Promise.reject(error) : Promise.resolve(body);
    };
    const client = {
      create: (_: unknown, object: KubernetesObject) => answer('create', `${object.metadata.namespace}/${object.metadata.name}`, object),
      patchJson: (_: unknown, key: { namespace: string; name: string }, operations: unknown) => answer('patch', keyText(key), operations),
    } as unknown as Pick<KubeClient, 'create' | 'patchJson'>;
    let ids = 0;
    recorder = new EventRecorder({
      client,
      clock,
      logger: log.logger,
      metrics: createRuntimeMetrics(),
      reportingController: 'passwordless-operator',
      reportingInstance: 'passwordless-operator-0',
      newId: () => {
        ids += 1;
        return `id${ids}`;
      },
    });
  });

  const object = (name: string, namespace?: string): KubernetesObject => ({
    apiVersion: 'test/v1',
    kind: 'Thing',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
  });
  const thing = object('a', 'shop');

  it('writes all that events.k8s.io/v1 demands', async () => {
    await recorder.record(thing, stopped, { signal });
    expect(sent).to.deep.equal([
      {
        verb: 'create',
        name: 'shop/a.id1',
        body: {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { namespace: 'shop', name: 'a.id1' },
          eventTime: '2026-01-01T00:00:00.000000Z',
          ...stopped,
          regarding: { apiVersion: 'test/v1', kind: 'Thing', namespace: 'shop', name: 'a', uid: 'uid-a', resourceVersion: '1' },
          reportingController: 'passwordless-operator',
          reportingInstance: 'passwordless-operator-0',
        },
      },
    ]);
  });

  it('puts Events about cluster-scoped objects in default', async () => {
    await recorder.record(object('a'), stopped, { signal });
    expect(sent[0]?.name).to.equal('default/a.id1');
    expect((sent[0]!.body as { regarding: object }).regarding).not.to.have.property('namespace');
  });

  it('counts repeats in the first one while they come within six minutes of each other', async () => {
    await recorder.record(thing, stopped, { signal });
    await clock.advance(350_000);
    await recorder.record(thing, stopped, { signal });
    await clock.advance(350_000);
    await recorder.record(thing, stopped, { signal });
    expect(sent.slice(1)).to.deep.equal([
      {
        verb: 'patch',
        name: 'shop/a.id1',
        body: [{ op: 'add', path: '/series', value: { count: 2, lastObservedTime: microTime(clock.now() - 350_000) } }],
      },
      {
        verb: 'patch',
        name: 'shop/a.id1',
        body: [{ op: 'add', path: '/series', value: { count: 3, lastObservedTime: microTime(clock.now()) } }],
      },
    ]);
    await clock.advance(360_001);
    await recorder.record(thing, stopped, { signal });
    expect(sent.at(-1)).to.include({ verb: 'create', name: 'shop/a.id2' });
  });

  it('does not mix up objects, reasons or notes', async () => {
    await recorder.record(thing, stopped, { signal });
    await recorder.record(object('b', 'shop'), stopped, { signal });
    await recorder.record(thing, { ...stopped, reason: 'Unreachable' }, { signal });
    await recorder.record(thing, { ...stopped, note: 'another' }, { signal });
    expect(sent.map(({ verb }) => verb)).to.deep.equal(['create', 'create', 'create', 'create']);
  });

  it('writes a new one when the first has expired on the server', async () => {
    await recorder.record(thing, stopped, { signal });
    failure = new StatusError(404, 'NotFound', 'gone');
    await recorder.record(thing, stopped, { signal });
    expect(sent.map(({ verb, name }) => `${verb} ${name}`)).to.deep.equal(['create shop/a.id1', 'patch shop/a.id1', 'create shop/a.id2']);
  });

  it('gives each object a budget, and a new one with time', async () => {
    for (let i = 0; i < 25; i += 1) await recorder.record(thing, { ...stopped, note: `number ${i}` }, { signal });
    expect(sent).to.have.length(10);
    await recorder.record(object('b', 'shop'), stopped, { signal });
    expect(sent).to.have.length(11);
    await clock.advance(60_000);
    await recorder.record(thing, stopped, { signal });
    await recorder.record(thing, { ...stopped, note: 'one too many' }, { signal });
    expect(sent).to.have.length(12);
  });

  it('only logs a failure, and tries a new Event next time', async () => {
    failure = new StatusError(500, 'InternalError', 'no');
    await recorder.record(thing, stopped, { signal });
    expect(log.entries()).to.have.length(1);
    await recorder.record(thing, stopped, { signal });
    expect(sent.map(({ verb }) => verb)).to.deep.equal(['create', 'create']);
  });

  it('masks tokens and cuts the note at 1,024 bytes between characters', async () => {
    await recorder.record(thing, { ...stopped, note: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln ${'ü'.repeat(1_000)}` }, { signal });
    const { note } = sent[0]!.body as { note: string };
    expect(note).to.match(/^\[redacted\] ü+…$/);
    expect(Buffer.byteLength(note)).to.be.within(1_022, 1_024);
  });
});
