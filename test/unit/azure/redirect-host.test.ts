import { expect } from 'chai';
import { isRedirectHost } from '../../../src/azure/host.ts';

const suffix = '.database.windows.net';

describe('hosts to which servers send their clients on', () => {
  for (const host of [
    'shop.database.windows.net',
    'fb61.tr1.westeurope1-a.worker.database.windows.net',
    'FB61.TR1.westeurope1-a.worker.database.windows.net',
  ])
    it(`may be ${host}`, () => expect(isRedirectHost(host, suffix, 'public')).to.equal(true));

  for (const host of [
    'database.windows.net',
    '.database.windows.net',
    'a..database.windows.net',
    'evil.example',
    'xdatabase.windows.net',
    'a.database.windows.net.evil.example',
    'a.database.windows.net.',
    'a/b.database.windows.net',
    'a b.database.windows.net',
    '\u212a.database.windows.net',
    '-a.database.windows.net',
    `${'a.'.repeat(130)}database.windows.net`,
    '127.0.0.1',
  ])
    it(`are never ${host.slice(0, 60)}`, () => expect(isRedirectHost(host, suffix, 'public')).to.equal(false));

  it('are addresses of the range in a custom cloud that has one', () => {
    expect(isRedirectHost('127.0.46.9', '127.0.46.0/24', 'custom')).to.equal(true);
    expect(isRedirectHost('127.0.47.9', '127.0.46.0/24', 'custom')).to.equal(false);
    expect(isRedirectHost('127.0.46.9', '127.0.46.0/24', 'public')).to.equal(false);
  });
});
