import { expect } from 'chai';
import { ConnectionError, type FailureKind } from '../../../src/api/connection-error.ts';
import type { Reason } from '../../../src/api/reasons.ts';
import { brokeOff, classifyNetwork, notReached } from '../../../src/targets/network-errors.ts';
import { explainUnreachable, type NetworkFacts } from '../../../src/targets/reachability.ts';

const place = { host: 'shop.postgres.database.azure.com', port: 5432 };
const zone = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/shop.private.postgres.database.azure.com';

function failure(found: { kind: FailureKind; reason: Reason; message: string } | undefined): ConnectionError {
  if (!found) throw new Error('not classified');
  return new ConnectionError(found.kind, found.reason, found.message);
}

const notResolved = failure(classifyNetwork({ code: 'ENOTFOUND', message: '' }, place));
const refused = failure(classifyNetwork({ code: 'ECONNREFUSED', message: '' }, place));
const silence = failure(notReached(place));
const broken = failure(brokeOff(place));
const firewall = new ConnectionError('waiting', 'FirewallDenied', 'no rule for 20.50.2.10');
const untrusted = failure(classifyNetwork({ code: 'CERT_HAS_EXPIRED', message: 'expired' }, place));

const inVirtualNetwork: NetworkFacts = { publicNetworkAccess: 'Disabled', inVirtualNetwork: true, privateDnsZoneId: zone };
const privateOnly: NetworkFacts = { publicNetworkAccess: 'Disabled', inVirtualNetwork: false };
const open: NetworkFacts = { publicNetworkAccess: 'Enabled', inVirtualNetwork: false };

describe('a server that can’t be reached', () => {
  const said: readonly [string, ConnectionError, NetworkFacts, Reason, RegExp][] = [
    [
      'a name that doesn’t resolve, in a virtual network',
      notResolved,
      inVirtualNetwork,
      'PrivateDnsNotLinked',
      /zone "shop\.private\.postgres/,
    ],
    [
      'a name that doesn’t resolve, in a virtual network of which Azure names no zone',
      notResolved,
      { inVirtualNetwork: true },
      'PrivateDnsNotLinked',
      /private DNS zone of the server's virtual network/,
    ],
    ['a name that doesn’t resolve, with private endpoints', notResolved, privateOnly, 'PrivateDnsNotLinked', /private endpoint/],
    ['silence in a virtual network', silence, inVirtualNetwork, 'Unreachable', /port 5432.*peering/],
    ['silence with private endpoints', silence, privateOnly, 'PublicAccessDisabled', /privatelink/],
    ['a refused connection with private endpoints', refused, privateOnly, 'PublicAccessDisabled', /privatelink/],
    ['a firewall with private endpoints', firewall, privateOnly, 'PublicAccessDisabled', /privatelink/],
  ];
  for (const [what, error, facts, reason, message] of said) {
    it(`is ${reason} for ${what}`, () => {
      const explained = explainUnreachable(error, place.host, facts);
      expect(explained).to.include({ reason, kind: 'waiting' });
      expect(explained.message).to.match(message);
    });
  }

  for (const [what, error, facts] of [
    ['a firewall that can be opened', firewall, open],
    ['silence of a public server', silence, open],
    ['a name that doesn’t resolve of a public server', notResolved, open],
    ['a line that broke off', broken, inVirtualNetwork],
    ['a certificate that has expired', untrusted, privateOnly],
    ['anything where Azure tells nothing', silence, {}],
    ['what has nothing to do with networks', new ConnectionError('waiting', 'NotEntraAdministrator', 'no'), privateOnly],
  ] as const) {
    it(`stays as it is for ${what}`, () => {
      expect(explainUnreachable(error, place.host, facts)).to.equal(error);
    });
  }
});
