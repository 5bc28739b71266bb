import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessToken } from '@azure/identity';
import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import { clouds } from '../../../src/azure/cloud.ts';
import { operatorCredential, operatorIds } from '../../../src/azure/credential.ts';
import { DatabaseToken } from '../../../src/azure/database-token.ts';
import { tokenFailure } from '../../../src/azure/token-errors.ts';
import { FakeClock } from './fake-clock.ts';
import { startHttpsServer, type TestServer } from './https-server.ts';

const signal = new AbortController().signal;
const oid = 'AAAAAAAA-1111-1111-1111-111111111111';
const appid = 'bbbbbbbb-2222-2222-2222-222222222222';
const tid = 'cccccccc-3333-3333-3333-333333333333';

describe('the operator’s ids', () => {
  it('are read from a token of version 1 or 2', () => {
    const ids = { objectId: oid.toLowerCase(), clientId: appid, tenantId: tid };
    expect(operatorIds(jwt({ oid, appid, tid }))).to.deep.equal(ids);
    expect(operatorIds(jwt({ oid, azp: appid, tid }))).to.deep.equal(ids);
  });

  for (const token of ['', 'x', 'a.b.c', jwt({}), jwt({ oid, appid }), jwt({ oid: 'me', appid, tid }), jwt([oid]), jwt(null)]) {
    it(`are not read from ${token.slice(0, 30) || 'nothing'}`, () => {
      expect(() => operatorIds(token)).to.throw('does not say who the operator is');
    });
  }
});

describe('the operator’s credential', () => {
  let server: TestServer;
  let folder: string;
  before(async () => {
    server = await startHttpsServer();
    folder = await mkdtemp(join(tmpdir(), 'token-'));
    await writeFile(join(folder, 'token'), 'the-assertion');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function credential() {
    const cloud = { ...clouds.public, name: 'custom', authority: server.origin } as const;
    return operatorCredential({ tenantId: tid, clientId: appid, tokenFilePath: join(folder, 'token') }, cloud);
  }

  function entra(answer: object, status = 200): void {
    server.answer = ({ url }) =>
      url.includes('openid-configuration')
        ? {
            body: {
              issuer: `${server.origin}/${tid}/v2.0`,
              jwks_uri: `${server.origin}/${tid}/discovery/v2.0/keys`,
              token_endpoint: `${server.origin}/${tid}/oauth2/v2.0/token`,
              authorization_endpoint: `${server.origin}/${tid}/oauth2/v2.0/authorize`,
            },
          }
        : { status, body: answer };
  }

  it('exchanges the service account’s token at the cloud’s authority', async () => {
    entra({ token_type: 'Bearer', expires_in: 3600, access_token: 'from-entra' });
    const token = await credential().getToken('https://management.azure.com/.default');
    expect(token?.token).to.equal('from-entra');
    const asked = new URLSearchParams(server.seen.at(-1)?.body);
    expect(Object.fromEntries(asked)).to.include({
      client_id: appid,
      client_assertion: 'the-assertion',
      grant_type: 'client_credentials',
      scope: 'https://management.azure.com/.default',
    });
  });

  it('is refused with a message that says what to do', async () => {
    entra(
      { error: 'invalid_client', error_description: 'AADSTS700213: No matching federated identity record found.', error_codes: [700213] },
      401,
    );
    const error = await credential()
      .getToken('https://management.azure.com/.default')
      .then(
        () => undefined,
        (refused: unknown) => tokenFailure(refused),
      );
    expect(error).to.include({ kind: 'waiting', reason: 'TokenRefused' });
    expect(error?.message).to.contain('subject');
  });
});

describe('a database token', () => {
  let clock: FakeClock;
  let made: number;
  let asked: number;
  let answer: () => Promise<AccessToken | null>;
  let token: DatabaseToken;

  beforeEach(() => {
    clock = new FakeClock();
    made = 0;
    asked = 0;
    answer = async () => ({ token: `token-${asked}`, expiresOnTimestamp: clock.now() + 3_600_000 });
    token = new DatabaseToken(
      () => {
        made += 1;
        return {
          getToken: () => {
            asked += 1;
            return answer();
          },
        };
      },
      'scope',
      clock,
    );
  });

  it('is asked for once by all who need it at the same time, and kept', async () => {
    expect(await Promise.all([token.get({ signal }), token.get({ signal })])).to.deep.equal(['token-1', 'token-1']);
    await clock.advance(3_000_000);
    expect(await token.get({ signal })).to.equal('token-1');
    expect(asked).to.equal(1);
  });

  it('is replaced some minutes before it expires', async () => {
    await token.get({ signal });
    await clock.advance(3_300_001);
    expect(await token.get({ signal })).to.equal('token-2');
  });

  it('is used to its end while Entra gives no other, and no longer', async () => {
    await token.get({ signal });
    answer = () => Promise.reject(new Error('network_error'));
    await clock.advance(3_400_000);
    expect(await token.get({ signal })).to.equal('token-1');
    await clock.advance(200_000);
    expect(await refusal(token.get({ signal }))).to.include({ reason: 'TokenRefused', kind: 'retry' });
    answer = async () => ({ token: 'later', expiresOnTimestamp: clock.now() + 3_600_000 });
    expect(await token.get({ signal })).to.equal('later');
  });

  it('is asked for anew, past every cache, when a server refuses it; once for all who were refused', async () => {
    const old = await token.get({ signal });
    expect(await Promise.all([token.fresh(old, { signal }), token.fresh(old, { signal })])).to.deep.equal(['token-2', 'token-2']);
    expect(await token.fresh(old, { signal })).to.equal('token-2');
    expect([made, asked]).to.deep.equal([2, 2]);
  });

  it('comes for the others when one leaves', async () => {
    const gate = Promise.withResolvers<AccessToken>();
    answer = () => gate.promise;
    const leaver = new AbortController();
    const left = refusal(token.get({ signal: leaver.signal }));
    const stays = token.get({ signal });
    leaver.abort(new Error('left'));
    expect(await left).to.have.property('message', 'left');
    gate.resolve({ token: 't', expiresOnTimestamp: clock.now() + 3_600_000 });
    expect(await stays).to.equal('t');
    expect(asked).to.equal(1);
  });

  it('is an error when Entra gives none', async () => {
    answer = async () => null;
    expect((await refusal(token.get({ signal }))).reason).to.equal('TokenRefused');
  });
});

function jwt(claims: unknown): string {
  return `${Buffer.from('{}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
}

async function refusal(promise: Promise<unknown>): Promise<ConnectionError> {
  return promise.then(
    () => {
      throw new Error('there was no refusal');
    },
    (error: ConnectionError) => error,
  );
}
