import { expect } from 'chai';
import {
  isAlreadyExists,
  isConflict,
  isExpired,
  isForbidden,
  isInvalid,
  isNotFound,
  isThrottled,
  isUnanswered,
  isUnauthorized,
  StatusError,
  statusErrorFromAnswer,
} from '../../../src/runtime/status-error.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const of = (status: number, body: unknown = {}, retryAfter?: string) => statusErrorFromAnswer({ status, body, retryAfter, now });

describe('A StatusError', () => {
  for (const [question, yes, no] of [
    [isNotFound, of(404), of(403)],
    [isUnauthorized, of(401), of(403)],
    [isForbidden, of(403), of(401)],
    [isConflict, of(409), of(409, { reason: 'AlreadyExists' })],
    [isAlreadyExists, of(409, { reason: 'AlreadyExists' }), of(409)],
    [isExpired, of(410), of(404)],
    [isInvalid, of(422), of(400)],
    [isThrottled, of(429), of(503)],
    [isUnanswered, new StatusError(0, 'Unreachable', ''), of(500)],
  ] as const) {
    it(`answers ${question.name}`, () => {
      expect(question(yes)).to.equal(true);
      expect(question(no)).to.equal(false);
      expect(question(new Error('another'))).to.equal(false);
      expect(question(undefined)).to.equal(false);
    });
  }

  for (const [header, body, wait] of [
    ['3', {}, 3_000],
    ['0', {}, 0],
    ['-1', {}, 0],
    ['Thu, 01 Jan 2026 00:01:00 GMT', {}, 60_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', {}, 0],
    ['soon', {}, undefined],
    [undefined, { details: { retryAfterSeconds: 7 } }, 7_000],
    ['3', { details: { retryAfterSeconds: 7 } }, 3_000],
    [undefined, {}, undefined],
  ] as const) {
    it(`reads Retry-After ${header} with ${JSON.stringify(body)} as ${wait} ms`, () => {
      expect(of(429, body, header).retryAfterInMs).to.equal(wait);
    });
  }

  it('keeps of a refusal the fields and not the values', () => {
    const causes = [{ field: 'data.password', reason: 'FieldValueInvalid', message: 'Invalid value: "hunter2": no' }];
    const error = of(422, {
      reason: 'Invalid',
      message: 'Secret "x" is invalid: "hunter2"',
      details: { kind: 'Secret', name: 'x', causes },
    });
    expect(error.message).to.equal('Secret x is refused: data.password (FieldValueInvalid)');
    expect(of(400, { message: 'cannot decode "hunter2"' }).message).not.to.include('hunter2');
  });

  it('is one line without tokens', () => {
    const error = of(403, { message: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.x may not\nsecond line' });
    expect(error.message).to.equal('[redacted] may not');
  });

  it('is made from anything that a server may answer', () => {
    for (const body of [undefined, null, 'text', 3, [], { reason: 3, message: {}, details: 'x' }, { details: { causes: [null, 3] } }])
      for (const status of [400, 404, 422, 500]) expect(of(status, body).message).to.be.a('string').and.not.equal('');
  });
});
