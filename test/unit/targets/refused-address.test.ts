import { expect } from 'chai';
import fc from 'fast-check';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import { firewallGap } from '../../../src/targets/firewall-gap.ts';
import { isPublicAddress, publicAddressIn, refusedAddress } from '../../../src/targets/refused-address.ts';

const texts = {
  PostgreSQL: (address: string) => `no pg_hba.conf entry for host "${address}", user "operator", database "postgres", SSL encryption`,
  MySQL: (address: string) => `Client with IP address '${address}' is not allowed to connect to this MySQL server.`,
  AzureSQL: (address: string) =>
    `Cannot open server 'shop' requested by the login. Client with IP address '${address}' is not allowed to access the server. To enable access, use the Azure Management Portal. It may take up to five minutes for this change to take effect.`,
};

describe('the address that a firewall refuses', () => {
  for (const [engine, text] of Object.entries(texts)) {
    it(`stands in the text of ${engine}`, () => {
      expect(refusedAddress(text('20.50.2.10'))).to.equal('20.50.2.10');
      expect(publicAddressIn(text('20.50.2.10'))).to.equal('20.50.2.10');
      const cause = new Error(text('20.50.2.10'));
      const refusal = new ConnectionError('waiting', 'FirewallDenied', 'no', { cause });
      expect(firewallGap(refusal)).to.deep.equal({ kind: 'firewall', address: '20.50.2.10' });
      expect(firewallGap(new ConnectionError('waiting', 'Unreachable', 'no', { cause }))).to.equal(undefined);
    });

    for (const [what, address] of [
      ['nothing', ''],
      ['everybody', '0.0.0.0'],
      ['a private address', '10.1.2.3'],
      ['another private address', '172.31.255.255'],
      ['a home address', '192.168.0.1'],
      ['the address of a carrier’s network', '100.64.0.1'],
      ['itself', '127.0.0.1'],
      ['a link-local address', '169.254.169.254'],
      ['an example', '203.0.113.7'],
      ['many at once', '239.1.1.1'],
      ['everybody nearby', '255.255.255.255'],
      ['an address of version 6', '2603:1020:206::1'],
      ['a mapped address', '::ffff:20.50.2.10'],
      ['a range', '20.50.2.10/24'],
      ['two', '20.50.2.10, 20.50.2.11'],
      ['an octal one', '020.50.2.10'],
      ['one with too little', '20.50.2'],
      ['one with too much', '20.50.2.10.1'],
      ['one with too large a part', '20.50.2.256'],
      ['one with a line break', '20.50.2.10\n'],
    ] as const) {
      it(`opens nothing where ${engine} names ${what}`, () => {
        expect(publicAddressIn(text(address))).to.equal(undefined);
      });
    }
  }

  it('opens nothing where a text names a second one', () => {
    expect(publicAddressIn(`${texts.MySQL('20.50.2.10')} 20.50.2.11`)).to.equal(undefined);
    expect(publicAddressIn('the server 20.50.2.10 refuses you')).to.equal(undefined);
  });

  it('is public only when no number of it is out of the way', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [first = 0, second = 0] = address.split('.').map(Number);
        const isOdd =
          [0, 10, 127].includes(first) ||
          first >= 224 ||
          (first === 192 && second === 168) ||
          (first === 172 && second >= 16 && second < 32);
        return !isOdd || !isPublicAddress(address);
      }),
    );
  });
});
