import { expect } from 'chai';
import type { Logger } from '../../../src/runtime/logger.ts';
import { firstLine, redactText } from '../../../src/runtime/redact.ts';
import { StatusError } from '../../../src/runtime/status-error.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';

const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl';

describe('Redacted text', () => {
  for (const [what, text, clean] of [
    ['masks a JWT', `the password ${token} is wrong`, 'the password [redacted] is wrong'],
    ['masks a JWT that was cut off', `${token.slice(0, 30)}`, '[redacted]'],
    ['masks a bearer header', 'Authorization: Bearer abcdef0123456789', 'Authorization: Bearer [redacted]'],
    ['masks basic credentials', 'authorization: basic dXNlcjpwYXNzd29yZA==', 'authorization: basic [redacted]'],
    ['keeps ids', 'client 3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'client 3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
    ['keeps words about bearers', 'the bearer token is missing', 'the bearer token is missing'],
    ['replaces control characters', 'a\u001b[31mred\u0000\u0085b', 'a [31mred b'],
    ['keeps other alphabets', 'Größe 数据库', 'Größe 数据库'],
  ] as const) {
    it(what, () => {
      expect(redactText(text)).to.equal(clean);
    });
  }

  it('is cut at its limit', () => {
    expect(redactText('x'.repeat(500), 100)).to.have.length(100);
    expect(firstLine(`${'y'.repeat(500)}\nsecond`)).to.have.length(300);
    expect(firstLine('\nfirst\r\nDETAIL: a row')).to.equal('first');
  });
});

describe('A logger', () => {
  it('writes one JSON object per line, with what its children add', () => {
    const { logger, entries } = collectingLogger();
    logger.child({ controller: 'connection' }).info('two\nlines', { servers: ['a', 'b'] });
    expect(entries()[0]).to.deep.include({ level: 'info', message: 'two lines', controller: 'connection', servers: ['a', 'b'] });
    expect(entries()[0]?.['timestamp']).to.be.a('string');
  });

  it('masks tokens wherever they are, and values under names of secrets', () => {
    const { logger, entries } = collectingLogger();
    logger.warn(`got ${token}`, {
      deep: [{ header: `Bearer ${token}` }],
      password: 'hunter2',
      clientSecret: { value: 'hunter2' },
      secretName: 'shop-db',
    });
    const text = JSON.stringify(entries());
    expect(text).not.to.include('eyJ').and.not.include('hunter2');
    expect(text).to.include('shop-db');
  });

  it('rebuilds errors from name, code and first line, cause included', () => {
    const cause = Object.assign(new Error('duplicate key\nDETAIL: Key (card)=(4111) already exists.'), {
      code: '23505',
      detail: 'Key (card)=(4111) already exists.',
    });
    const { logger, entries } = collectingLogger('info');
    logger.error('failed', { error: new StatusError(409, 'Conflict', 'the object has changed', { cause }) });
    expect(entries()[0]?.['error']).to.deep.equal({
      name: 'StatusError',
      reason: 'Conflict',
      status: 409,
      message: 'the object has changed',
      cause: { name: 'Error', code: '23505', message: 'duplicate key' },
    });
  });

  it('shows the stack only when it logs everything', () => {
    const { logger, entries } = collectingLogger('debug');
    logger.error('failed', { error: new Error(`secret ${token}`) });
    const error = entries()[0]?.['error'] as { stack: string[]; message: string };
    expect(error.stack[0]).to.match(/^at .*logger\.test\.ts/);
    expect(JSON.stringify(error)).not.to.include('eyJ');
  });

  for (const [place, write] of [
    ['in place of a message', (logger, error) => logger.error(error)],
    ['in place of metadata', (logger, error) => logger.error('it failed:', error)],
  ] as const satisfies [string, (logger: Logger, error: Error) => void][]) {
    it(`is safe with an error ${place}`, () => {
      const { logger, entries } = collectingLogger('info');
      write(
        logger.child({ controller: 'c' }),
        Object.assign(new Error(`bad ${token}`), { sql: 'SELECT secret', config: { password: 'hunter2' } }),
      );
      expect(entries()).to.have.length(1);
      expect(entries()[0]).to.deep.include({ level: 'error', error: { name: 'Error', message: 'bad [redacted]' } });
      expect(JSON.stringify(entries())).not.to.match(/eyJ|hunter2|SELECT|stack/);
    });
  }

  it('reduces objects of classes to their names, and ends with cycles', () => {
    class Connection {
      readonly token = 'hunter2';
    }
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const { logger, entries } = collectingLogger();
    logger.info('state', { connection: new Connection(), buffer: Buffer.from('hunter2'), cycle, count: 3n });
    expect(entries()[0]).to.include({ connection: '[Connection]', buffer: '[Buffer]', count: '3' });
    expect(JSON.stringify(entries())).not.to.include('hunter2');
  });
});
