import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { KubernetesObject } from '../../src/api/object-meta.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { EventRecorder, events } from '../../src/runtime/event-recorder.ts';
import { addFinalizer, addFinalizerPatch, hasFinalizer, removeFinalizer, removeFinalizerPatch } from '../../src/runtime/finalizers.ts';
import type { WatchEvent } from '../../src/runtime/kube-calls.ts';
import { KubeClient } from '../../src/runtime/kube-client.ts';
import { loadKubeConfig } from '../../src/runtime/kube-config.ts';
import { KubeTransport } from '../../src/runtime/kube-transport.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createRuntimeMetrics } from '../../src/runtime/metrics.ts';
import { Reflector } from '../../src/runtime/reflector.ts';
import { keyOf, type ObjectKey, parseKey, type Resource } from '../../src/runtime/resource.ts';
import { isAlreadyExists, isConflict, isExpired, isForbidden, isInvalid } from '../../src/runtime/status-error.ts';
import { StatusWriter } from '../../src/runtime/status-writer.ts';
import { ObjectStore } from '../../src/runtime/store.ts';
import { CollectedLines } from '../support/collected-lines.ts';
import { controlPlane, startTimeout } from './support.ts';

interface Note extends KubernetesObject {
  readonly spec: { readonly text: string };
  readonly status?: { readonly seen?: string; readonly times?: number | undefined };
}

const group = 'runtime-test.dbaccess.dev';
const notes: Resource<Note> = { apiVersion: `${group}/v1`, plural: 'notes', kind: 'Note', namespaced: true };
const namespaces: Resource = { apiVersion: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
const definitions: Resource<Definition> = {
  apiVersion: 'apiextensions.k8s.io/v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

interface Definition extends KubernetesObject {
  readonly spec: object;
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const schema = {
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { text: { type: 'string' } } },
    status: { type: 'object', properties: { seen: { type: 'string' }, times: { type: 'integer' } } },
  },
};

describe('The runtime, against a real API server', function () {
  this.timeout(20_000);
  const { signal } = new AbortController();
  const metrics = createRuntimeMetrics();
  let transport: KubeTransport;
  let client: KubeClient;
  let counter = 0;
  const uniqueNamespace = async () => {
    counter += 1;
    const name = `runtime-${counter}`;
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal });
    return name;
  };
  const createNote = (key: ObjectKey, text = 'hello', metadata: object = {}) =>
    client.create(notes, { apiVersion: notes.apiVersion, kind: 'Note', metadata: { ...metadata, ...key }, spec: { text } }, { signal });

  before(async function () {
    this.timeout(startTimeout);
    const { adminKubeconfig } = await controlPlane();
    transport = new KubeTransport(loadKubeConfig(adminKubeconfig));
    client = new KubeClient({ transport, clock: systemClock, metrics });
    const name = `notes.${group}`;
    await client.create(
      definitions,
      {
        apiVersion: definitions.apiVersion,
        kind: definitions.kind,
        metadata: { name },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'notes', singular: 'note', kind: 'Note', listKind: 'NoteList' },
          versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } }],
        },
      },
      { signal },
    );
    await eventually(async () => {
      const definition = await client.get(definitions, { namespace: '', name }, { signal });
      return definition?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
    });
    // a new kind is established a moment before it is served
    await eventually(() => firstPage(client.listPages(notes, { signal })).catch(() => undefined));
  });

  after(() => transport?.close());

  it('reads the discovery document by its path', async () => {
    const { issuer } = await controlPlane();
    expect(await client.raw('/.well-known/openid-configuration', { signal })).to.include({ issuer });
  });

  it('answers undefined for a missing object, and a StatusError that names the reason otherwise', async () => {
    const key = { namespace: await uniqueNamespace(), name: 'a' };
    expect(await client.get(notes, key, { signal })).to.equal(undefined);
    const made = await createNote(key);
    expect(await client.get(notes, key, { signal })).to.deep.equal(made);
    const error = await rejection(createNote(key));
    expect(isAlreadyExists(error) && !isConflict(error)).to.equal(true);
  });

  it('names the fields of a refused object, and none of its values', async () => {
    const canary = 'canary-value-in-a-request';
    const object = {
      apiVersion: notes.apiVersion,
      kind: 'Note',
      metadata: { namespace: await uniqueNamespace(), name: 'a' },
      spec: { text: [canary] },
    };
    const error = await rejection(client.create(notes, object as unknown as Note, { signal }));
    expect(isInvalid(error)).to.equal(true);
    expect(error.message).to.include('spec.text').and.not.include(canary);
  });

  it('lists 2,000 objects in pages, each with kind and apiVersion, all of one version', async function () {
    this.timeout(120_000);
    const namespace = await uniqueNamespace();
    const names = Array.from({ length: 2_000 }, (_, index) => `note-${String(index).padStart(4, '0')}`);
    const queue = [...names];
    const worker = async () => {
      for (let name = queue.pop(); name !== undefined; name = queue.pop()) await createNote({ namespace, name });
    };
    await Promise.all(Array.from({ length: 20 }, worker));
    const pages = await collect(client.listPages(notes, { namespace, signal }));
    expect(pages.map(({ items }) => items.length)).to.deep.equal([500, 500, 500, 500]);
    expect(new Set(pages.map(({ resourceVersion }) => resourceVersion)).size).to.equal(1);
    expect(pages.flatMap(({ items }) => items.map((item) => item.metadata.name))).to.deep.equal(names);
    expect(pages[0]?.items[0]).to.include({ apiVersion: notes.apiVersion, kind: 'Note' });
  });

  it('watches from a version on, and leaves the connection usable when the caller stops', async () => {
    const namespace = await uniqueNamespace();
    const { resourceVersion } = await firstPage(client.listPages(notes, { namespace, signal }));
    await createNote({ namespace, name: 'a' });
    await client.delete(notes, { namespace, name: 'a' }, { signal });
    const heard: WatchEvent<Note>[] = [];
    for await (const event of client.watch(notes, { namespace, resourceVersion, timeoutInSeconds: 30, inactivityInMs: 10_000, signal })) {
      heard.push(event);
      if (heard.length === 2) break;
    }
    expect(heard.map(({ type }) => type)).to.deep.equal(['ADDED', 'DELETED']);
    expect(await client.get(notes, { namespace, name: 'a' }, { signal })).to.equal(undefined);
  });

  it('throws the reason of the signal when a quiet watch is aborted', async () => {
    const namespace = await uniqueNamespace();
    const { resourceVersion } = await firstPage(client.listPages(notes, { namespace, signal }));
    const stop = new AbortController();
    const reason = new Error('enough');
    const watch = client.watch(notes, { namespace, resourceVersion, timeoutInSeconds: 30, inactivityInMs: 10_000, signal: stop.signal });
    await createNote({ namespace, name: 'a' });
    await watch.next();
    const next = rejection(watch.next());
    stop.abort(reason);
    expect(await next).to.equal(reason);
  });

  it('says that a watch from a forgotten version has expired', async () => {
    const watch = client.watch(notes, { resourceVersion: '1', timeoutInSeconds: 30, inactivityInMs: 10_000, signal });
    expect(isExpired(await rejection(watch.next()))).to.equal(true);
  });

  it('logs in with a token file that the kubeconfig names, and says what its owner may not do', async () => {
    const { api, kubeconfigFor } = await controlPlane();
    const namespace = await uniqueNamespace();
    const directory = await mkdtemp(join(tmpdir(), 'runtime-test-'));
    const [path, tokenFile] = [join(directory, 'kubeconfig'), join(directory, 'token')];
    await api.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { body: { metadata: { name: 'nobody' } } }, { signal });
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const answer = await api.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/nobody/token`, { body: request }, { signal });
    await kubeconfigFor({ name: 'nobody', tokenFile: 'token', path, reader: 'client-go' }, { signal });
    const stranger = new KubeTransport(loadKubeConfig(path));
    const asStranger = new KubeClient({ transport: stranger, clock: systemClock, metrics });
    const get = () => asStranger.get(namespaces, { namespace: '', name: 'default' }, { signal });
    expect(await rejection(get())).to.include({ status: 0, reason: 'CredentialsUnavailable' });
    await writeFile(tokenFile, `${answer.status.token}\n`);
    const error = await rejection(get());
    expect(isForbidden(error)).to.equal(true);
    expect(error.message).to.include(`system:serviceaccount:${namespace}:nobody`);
    await stranger.close();
    await rm(directory, { recursive: true });
  });

  describe('status', () => {
    it('is written once, not again while it is the same, and bumps no version then', async () => {
      const note = await createNote({ namespace: await uniqueNamespace(), name: 'a' });
      const store = new ObjectStore<Note>();
      store.set(note);
      const writer = new StatusWriter({ client, resource: notes, store });
      expect(await writer.write(note, { seen: 'yes', times: undefined }, { signal })).to.equal('written');
      expect(await writer.write(note, { seen: 'yes' }, { signal })).to.equal('unchanged');
      const current = (await client.get(notes, keyOf(note), { signal })) as Note;
      expect(current.status).to.deep.equal({ seen: 'yes' });
      store.set(current);
      expect(await writer.write(current, { seen: 'yes' }, { signal })).to.equal('unchanged');
      expect(
        await new StatusWriter({ client, resource: notes, store: new ObjectStore<Note>() }).write(note, { seen: 'yes' }, { signal }),
      ).to.equal('written');
      expect((await client.get(notes, keyOf(note), { signal }))?.metadata.resourceVersion).to.equal(current.metadata.resourceVersion);
    });

    it('of an object that was deleted and made anew stays as it is', async () => {
      const key = { namespace: await uniqueNamespace(), name: 'a' };
      const first = await createNote(key);
      await client.delete(notes, key, { signal });
      const writer = new StatusWriter({ client, resource: notes, store: new ObjectStore<Note>() });
      expect(await writer.write(first, { seen: 'by nobody' }, { signal })).to.equal('gone');
      const second = await createNote(key);
      expect(await writer.write(first, { seen: 'of another' }, { signal })).to.equal('gone');
      const current = await client.get(notes, key, { signal });
      expect(current?.metadata.uid).to.equal(second.metadata.uid);
      expect(current?.status).to.equal(undefined);
    });

    it('that the schema refuses is an error, not a missing object', async () => {
      const note = await createNote({ namespace: await uniqueNamespace(), name: 'a' });
      const writer = new StatusWriter({ client, resource: notes, store: new ObjectStore<Note>() });
      expect(isInvalid(await rejection(writer.write(note, { times: 'many' as unknown as number }, { signal })))).to.equal(true);
    });
  });

  describe('finalizers', () => {
    const ours = 'runtime-test.dbaccess.dev/ours';
    const theirs = 'runtime-test.dbaccess.dev/theirs';
    const others = 'runtime-test.dbaccess.dev/others';

    it('are added where there is no list yet, and to a list, once', async () => {
      const note = await createNote({ namespace: await uniqueNamespace(), name: 'a' });
      expect((await addFinalizer(client, notes, note, theirs, { signal }))?.metadata.finalizers).to.deep.equal([theirs]);
      expect((await addFinalizer(client, notes, note, ours, { signal }))?.metadata.finalizers).to.deep.equal([theirs, ours]);
      expect((await addFinalizer(client, notes, note, ours, { signal }))?.metadata.finalizers).to.deep.equal([theirs, ours]);
    });

    it('of others are neither replaced nor removed by a patch made from an older look', async () => {
      const note = await createNote({ namespace: await uniqueNamespace(), name: 'a' });
      const withTheirs = (await addFinalizer(client, notes, note, theirs, { signal })) as Note;
      expect(isInvalid(await rejection(client.patchJson(notes, keyOf(note), addFinalizerPatch(note, ours), { signal })))).to.equal(true);
      const both = (await addFinalizer(client, notes, withTheirs, ours, { signal })) as Note;
      // now ours moves from the second place to the first
      await removeFinalizer(client, notes, both, theirs, { signal });
      await addFinalizer(client, notes, both, others, { signal });
      const stale = removeFinalizerPatch(both, ours) ?? [];
      expect(isInvalid(await rejection(client.patchJson(notes, keyOf(note), stale, { signal })))).to.equal(true);
      await removeFinalizer(client, notes, both, ours, { signal });
      expect((await client.get(notes, keyOf(note), { signal }))?.metadata.finalizers).to.deep.equal([others]);
    });

    it('hold a deleted object until the last one goes, and are not added any more', async () => {
      const note = await createNote({ namespace: await uniqueNamespace(), name: 'a' }, 'x', { finalizers: [ours] });
      await client.delete(notes, keyOf(note), { signal });
      const deleted = (await client.get(notes, keyOf(note), { signal })) as Note;
      expect(deleted.metadata.deletionTimestamp).to.be.a('string');
      expect(await addFinalizer(client, notes, deleted, theirs, { signal })).to.equal(undefined);
      expect(await addFinalizer(client, notes, note, ours, { signal })).to.satisfy((seen: Note) => hasFinalizer(seen, ours));
      await removeFinalizer(client, notes, note, ours, { signal });
      expect(await client.get(notes, keyOf(note), { signal })).to.equal(undefined);
      await removeFinalizer(client, notes, note, ours, { signal });
    });

    it('of an object made anew under the name stay', async () => {
      const key = { namespace: await uniqueNamespace(), name: 'a' };
      const first = await createNote(key, 'x', { finalizers: [ours] });
      await removeFinalizer(client, notes, first, ours, { signal });
      await client.delete(notes, key, { signal });
      await createNote(key, 'x', { finalizers: [ours] });
      await removeFinalizer(client, notes, first, ours, { signal });
      expect((await client.get(notes, key, { signal }))?.metadata.finalizers).to.deep.equal([ours]);
    });
  });

  it('deletes only the object that the preconditions mean, and succeeds when there is none', async () => {
    const key = { namespace: await uniqueNamespace(), name: 'a' };
    const note = await createNote(key);
    expect(isConflict(await rejection(client.delete(notes, key, { uid: 'b7e2b7a4-0000-4000-8000-000000000000', signal })))).to.equal(true);
    expect(isConflict(await rejection(client.delete(notes, key, { resourceVersion: '1', signal })))).to.equal(true);
    const { uid, resourceVersion } = note.metadata;
    await client.delete(notes, key, { uid, resourceVersion, signal });
    expect(await client.get(notes, key, { signal })).to.equal(undefined);
    await client.delete(notes, key, { uid, signal });
  });

  it('replaces an object only at its last version', async () => {
    const note = await createNote({ namespace: await uniqueNamespace(), name: 'a' });
    await client.replace(notes, { ...note, spec: { text: 'new' } }, { signal });
    expect(isConflict(await rejection(client.replace(notes, { ...note, spec: { text: 'newer' } }, { signal })))).to.equal(true);
  });

  it('applies to the object itself, and not to one made anew', async () => {
    const key = { namespace: await uniqueNamespace(), name: 'a' };
    const { uid } = (await createNote(key)).metadata;
    const wanted = { apiVersion: notes.apiVersion, kind: 'Note', metadata: { ...key, uid }, spec: { text: 'applied' } };
    const options = { fieldManager: 'runtime-test', force: true, signal };
    expect((await client.apply(notes, wanted, options)).spec.text).to.equal('applied');
    await client.delete(notes, key, { signal });
    expect(isConflict(await rejection(client.apply(notes, wanted, options)))).to.equal(true);
  });

  it('writes Events that the API server accepts, repeats as a series of one', async () => {
    const note = await createNote({ namespace: await uniqueNamespace(), name: 'a' });
    const lines = new CollectedLines();
    const recorder = new EventRecorder({
      client,
      clock: systemClock,
      logger: createLogger({ level: 'debug', stream: lines }),
      metrics,
      reportingController: 'runtime-test',
      reportingInstance: 'runtime-test-0',
      newId: () => crypto.randomUUID().slice(0, 8),
    });
    const happening = { type: 'Warning', reason: 'ServerStopped', action: 'Observe', note: 'ü'.repeat(1_000) } as const;
    for (let i = 0; i < 3; i += 1) await recorder.record(note, happening, { signal });
    const namespace = (await client.get(namespaces, { namespace: '', name: 'default' }, { signal })) as KubernetesObject;
    await recorder.record(namespace, { ...happening, note: 'about a cluster-scoped object' }, { signal });
    expect(lines.texts).to.deep.equal([]);
    const { items } = await firstPage(client.listPages(events, { namespace: note.metadata.namespace ?? '', signal }));
    expect(items.map(({ series, regarding, reason }) => ({ count: series?.count, uid: regarding.uid, reason }))).to.deep.equal([
      { count: 3, uid: note.metadata.uid, reason: 'ServerStopped' },
    ]);
    expect(Buffer.byteLength(items[0]?.note ?? '')).to.be.at.most(1_024);
  });

  it('reflects what is there, and reports what happens, until it is told to stop', async () => {
    const namespace = await uniqueNamespace();
    await createNote({ namespace, name: 'early' });
    const heard: string[] = [];
    const store = new ObjectStore<Note>({ indexes: { text: (note) => [note.spec.text] } });
    const stop = new AbortController();
    const reflector = new Reflector({
      client,
      resource: notes,
      namespace,
      store,
      handlers: {
        upsert: (_, { metadata }, origin) => heard.push(`${origin} ${metadata.name}`),
        delete: ({ metadata }) => heard.push(`delete ${metadata.name}`),
      },
      clock: systemClock,
      random: Math.random,
      logger: createLogger({ level: 'error' }),
      metrics: createRuntimeMetrics(),
    });
    const running = reflector.run({ signal: stop.signal });
    await store.synced;
    await createNote({ namespace, name: 'late' });
    await eventually(() => store.size === 2);
    await client.delete(notes, { namespace, name: 'early' }, { signal });
    await eventually(() => store.size === 1);
    expect(heard).to.deep.equal(['list early', 'watch late', 'delete early']);
    expect(store.byIndex('text', 'hello').map(keyOf)).to.deep.equal([parseKey(`${namespace}/late`)]);
    expect(store.list()[0]?.metadata).not.to.have.property('managedFields');
    reflector.relist();
    await eventually(() => store.completeLists === 2);
    stop.abort();
    await running;
    expect(heard).to.have.length(3);
  });
});

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('it did not reject'),
    (error: Error) => error,
  );
}

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

async function firstPage<T>(pages: AsyncGenerator<T>): Promise<T> {
  const { value } = await pages.next();
  await pages.return(undefined);
  return value as T;
}

/** Asks until the answer is yes; the test's own time limit ends it. */
async function eventually(question: () => unknown): Promise<void> {
  const { signal } = new AbortController();
  while (!(await question())) await systemClock.sleep(20, signal);
}
