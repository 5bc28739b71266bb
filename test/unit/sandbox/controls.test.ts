import { type IncomingHttpHeaders, request } from 'node:http';
import { expect } from 'chai';
import type { Server, World } from '../../sandbox/azure/world.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { type Controls, startControls } from '../../sandbox/controls/server.ts';
import { ids, newCredential, newWorld } from './world.ts';

interface Call {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly json: unknown;
}

const sqlServer = ids.server.replace('Microsoft.DBforPostgreSQL/flexibleServers/shop-pg', 'Microsoft.Sql/servers/shop-sql');

describe('The controls of the sandbox', () => {
  let world: World;
  let journal: Journal;
  let faults: Faults;
  let controls: Controls;
  let done: string[];
  let fail: boolean;

  beforeEach(async () => {
    world = newWorld();
    for (const each of world.servers.slice(0, 1))
      world.servers.push({ ...each, name: 'shop-sql', type: 'AzureSQL', resourceId: sqlServer });
    journal = new Journal();
    faults = new Faults();
    done = [];
    fail = false;
    const act = (what: string) => async (server: Server) => {
      done.push(`${what} ${server.name} while ${server.state}`);
      if (fail) throw new Error('the engine does not listen');
    };
    controls = await startControls({
      world,
      journal,
      faults,
      stopServer: act('stop'),
      startServer: act('start'),
      setOperatorAdministrator: async (server, operator) => {
        done.push(`operator ${operator}`);
        if (!operator) server.administrators.length = 0;
      },
      pauseDatabase: (server, database, paused) => {
        if (database !== 'orders') return false;
        done.push(`${paused ? 'pause' : 'resume'} ${database} of ${server.name}`);
        server.databaseStatus = () => (paused ? 'Paused' : 'Online');
        return true;
      },
      signal: new AbortController().signal,
    });
  });

  afterEach(() => controls.stop());

  /** Not fetch: it does not let one choose the Host header. */
  function call(method: string, path: string, { body, headers = {} }: Call = {}): Promise<Reply> {
    const sent = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const all: Record<string, string | undefined> = {
      authorization: `Bearer ${controls.token}`,
      ...(sent !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new Promise((resolve, reject) => {
      const outgoing = request(`${controls.endpoint}${path}`, { method, headers: given }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(sent);
    });
  }

  describe('let nobody in', () => {
    const table: readonly (readonly [string, Readonly<Record<string, string | undefined>>, number])[] = [
      ['without the token', { authorization: undefined }, 401],
      ['with another token', { authorization: 'Bearer guess' }, 401],
      ['with the token in another scheme', { authorization: 'Basic guess' }, 401],
      ['under a name that points here', { host: 'evil.example' }, 403],
      ['under a name that points here, with the port', { host: 'evil.example:80' }, 403],
      ['from a web page', { origin: 'https://evil.example' }, 403],
      ['from a web page without origin', { origin: 'null' }, 403],
    ];
    for (const [who, headers, status] of table) {
      it(who, async () => {
        const reply = await call('POST', '/identities/recreate', { body: { resourceId: ids.shopIdentity }, headers });
        expect(reply.status).to.equal(status);
        if (status === 401) expect(reply.headers['www-authenticate']).to.equal('Bearer');
        expect(world.identities[1]!.clientId).to.equal(ids.shopClient);
      });
    }

    it('but who holds the token, of 32 random bytes, here or as localhost', async () => {
      expect(Buffer.from(controls.token, 'base64url')).to.have.length(32);
      expect((await call('GET', '/journal')).status).to.equal(200);
      const { host, port } = new URL(controls.endpoint);
      expect((await call('GET', '/journal', { headers: { host: `localhost:${port}` } })).status).to.equal(200);
      expect((await call('GET', '/journal', { headers: { origin: `http://${host}` } })).status).to.equal(200);
    });
  });

  describe('refuse', () => {
    const resourceId = ids.server;
    const fault = { match: { kind: 'arm' }, respond: { status: 500 } };
    const table: readonly (readonly [string, string, string, Call, number])[] = [
      ['an unknown path', 'GET', '/secrets', {}, 404],
      ['another method', 'PUT', '/journal', {}, 405],
      ['an unknown query', 'GET', '/journal?since=1', {}, 400],
      ['an unknown kind', 'GET', '/journal?kind=http', {}, 400],
      [
        'a form instead of JSON',
        'POST',
        '/servers/stop',
        { body: 'resourceId=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        415,
      ],
      [
        'plain text that looks like JSON',
        'POST',
        '/servers/stop',
        { body: { resourceId }, headers: { 'content-type': 'text/plain' } },
        415,
      ],
      ['no JSON', 'POST', '/servers/stop', { body: '{' }, 400],
      ['a list', 'POST', '/servers/stop', { body: [] }, 400],
      ['an unknown field', 'POST', '/servers/stop', { body: { resourceId, force: true } }, 400],
      ['an inherited field', 'POST', '/servers/stop', { body: '{"resourceId":"x","constructor":1}' }, 400],
      ['a missing field', 'POST', '/servers/stop', { body: {} }, 400],
      ['a field of another kind', 'POST', '/servers/stop', { body: { resourceId: 7 } }, 400],
      ['an unknown server', 'POST', '/servers/stop', { body: { resourceId: `${resourceId}-2` } }, 404],
      ['an unknown identity', 'POST', '/identities/recreate', { body: { resourceId } }, 404],
      ['an administrator without yes or no', 'POST', '/servers/administrators', { body: { resourceId } }, 400],
      ['negative seconds', 'POST', '/identities/propagation', { body: { seconds: -1 } }, 400],
      [
        'to pause a database that is not there',
        'POST',
        '/databases/pause',
        { body: { resourceId: `${sqlServer}/databases/nowhere` } },
        404,
      ],
      ['to pause a database of PostgreSQL', 'POST', '/databases/pause', { body: { resourceId: `${resourceId}/databases/orders` } }, 400],
      ['to resume a database of PostgreSQL', 'POST', '/databases/resume', { body: { resourceId: `${resourceId}/databases/orders` } }, 400],
      ['a fault without match', 'POST', '/faults', { body: { respond: fault.respond } }, 400],
      ['a fault without kind', 'POST', '/faults', { body: { ...fault, match: {} } }, 400],
      ['a fault that does nothing', 'POST', '/faults', { body: { ...fault, respond: {} } }, 400],
      ['a fault with a success', 'POST', '/faults', { body: { ...fault, respond: { status: 200 } } }, 400],
      ['a fault with an unknown field', 'POST', '/faults', { body: { ...fault, respond: { status: 500, text: 'x' } } }, 400],
      ['a fault with a broken pattern', 'POST', '/faults', { body: { ...fault, match: { kind: 'arm', path: '(' } } }, 400],
      ['a fault that strikes half a time', 'POST', '/faults', { body: { ...fault, times: 0.5 } }, 400],
      ['a body of five megabytes', 'POST', '/faults', { body: ' '.repeat(5 * 1024 * 1024) }, 413],
    ];
    for (const [what, method, path, options, status] of table) {
      it(what, async () => {
        const reply = await call(method, path, options);
        expect(reply.status).to.equal(status);
        expect((reply.json as { readonly error: string }).error)
          .to.be.a('string')
          .and.not.equal('');
        expect(done).to.deep.equal([]);
        expect(faults.list()).to.deep.equal([]);
      });
    }
  });

  it('tell and forget what was asked, by kind', async () => {
    journal.record({ kind: 'token', by: '', status: 401, clientId: 'x', scope: 's' });
    journal.record({ kind: 'arm', by: 'x', status: 200, method: 'GET', path: '/', apiVersion: 'v' });
    const { json } = await call('GET', '/journal');
    expect(json).to.have.length(2);
    expect((await call('GET', '/journal?kind=arm')).json).to.deep.equal(journal.list('arm'));
    expect((await call('DELETE', '/journal?kind=arm')).json).to.deep.equal([]);
    expect((await call('GET', '/journal')).json).to.deep.equal(journal.list('token'));
    expect((await call('DELETE', '/journal')).json).to.deep.equal([]);
    expect(journal.list()).to.deep.equal([]);
  });

  it('order faults, and call them off', async () => {
    const fault = {
      match: { kind: 'arm', method: 'PUT', path: 'cred' },
      respond: { status: 409, code: 'X', retryAfter: 1, delayMs: 0 },
      times: 2,
    };
    expect((await call('POST', '/faults', { body: fault })).json).to.deep.equal([fault]);
    expect(faults.strike('arm', 'put', '/credentials')).to.deep.equal(fault.respond);
    expect(faults.list()).to.deep.equal([{ ...fault, times: 1 }]);
    expect((await call('DELETE', '/faults')).json).to.deep.equal([]);
    expect(faults.strike('arm', 'PUT', '/credentials')).to.equal(undefined);
  });

  it('recreate an identity under its name, with new ids and without credentials', async () => {
    world.identities[1]!.federatedCredentials.push(newCredential({}));
    const { json } = await call('POST', '/identities/recreate', { body: { resourceId: ids.shopIdentity.toUpperCase() } });
    const { clientId, principalId, federatedCredentials } = world.identities[1]!;
    expect(json).to.deep.equal({ name: 'shop-orders', resourceId: ids.shopIdentity, clientId, principalId });
    expect(clientId).not.to.equal(ids.shopClient);
    expect(principalId).not.to.equal(ids.shopPrincipal);
    expect(federatedCredentials).to.deep.equal([]);
  });

  it('set how long Entra takes to notice a credential', async () => {
    expect((await call('POST', '/identities/propagation', { body: { seconds: 2.5 } })).json).to.deep.equal({ seconds: 2.5 });
    expect(world.propagationSeconds).to.equal(2.5);
  });

  it('stop and start a server, once each', async () => {
    const body = { resourceId: ids.server };
    expect((await call('POST', '/servers/stop', { body })).json).to.deep.equal({ ...body, state: 'Stopped' });
    expect((await call('POST', '/servers/stop', { body })).json).to.deep.equal({ ...body, state: 'Stopped' });
    expect((await call('POST', '/servers/start', { body })).json).to.deep.equal({ ...body, state: 'Ready' });
    expect(done).to.deep.equal(['stop shop-pg while Stopping', 'start shop-pg while Starting']);
  });

  it('leave a server as it was when stopping it fails', async () => {
    fail = true;
    const reply = await call('POST', '/servers/stop', { body: { resourceId: ids.server } });
    expect(reply.status).to.equal(500);
    expect(world.servers[0]!.state).to.equal('Ready');
  });

  it('put a database of Azure SQL to sleep and wake it', async () => {
    const body = { resourceId: `${sqlServer}/databases/orders` };
    expect((await call('POST', '/databases/pause', { body })).json).to.deep.equal({ ...body, state: 'Paused' });
    expect((await call('POST', '/databases/resume', { body })).json).to.deep.equal({ ...body, state: 'Online' });
    expect(done).to.deep.equal(['pause orders of shop-sql', 'resume orders of shop-sql']);
  });

  it('make the operator administrator or not', async () => {
    const { json } = await call('POST', '/servers/administrators', { body: { resourceId: ids.server, operator: false } });
    expect(done).to.deep.equal(['operator false']);
    expect(json).to.deep.equal({ resourceId: ids.server, administrators: [] });
  });
});
