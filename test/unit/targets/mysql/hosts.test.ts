import { expect } from 'chai';
import { isFromHost } from '../../../../src/targets/mysql/hosts.ts';

describe('whose session one of MySQL is, by its host', () => {
  const rows: readonly [host: string, pattern: string, boolean][] = [
    ['10.1.2.3:50123', '10.%', true],
    ['10.1.2.3:50123', '10.1.2.3', true],
    ['10.1.2.3:50123', '10.1.2.4', false],
    ['110.1.2.3:50123', '10.%', false],
    ['10.1.2.3', '10.1.0.0/255.255.0.0', true],
    ['10.2.2.3:1', '10.1.0.0/255.255.0.0', false],
    ['10.1.2.3:1', '10.1.0.0/16', true],
    ['10.1.2.3:1', '10.1.0.0/99', false],
    ['10.1.2.3:1', 'db/x', false],
    ['fd00::1:50123', 'fd00::/64', true],
    ['Shop.Example:1', 'shop.%', true],
    ['localhost', 'localhost', true],
    ['localhost', '%', false],
    ['localhost', '', false],
    // an event of the account at host %
    ['%', '10.%', false],
    ['%', '%%', false],
    // one of another account's
    ['10.%', '10.%', true],
  ];
  for (const [host, pattern, expected] of rows)
    it(`is ${expected ? '' : 'not '}that of the account at ${pattern || 'no host'} from ${host}`, () =>
      expect(isFromHost(host, pattern)).to.equal(expected));
});
