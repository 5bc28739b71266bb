import { ConnectionError } from '../api/connection-error.ts';
import { safeText } from '../azure/safe-text.ts';

/** How a server stands in the network, as Azure tells; what it doesn't tell is left out. */
export interface NetworkFacts {
  readonly publicNetworkAccess?: 'Enabled' | 'Disabled';
  /** Whether it stands in a virtual network, which it can't leave: it has no public address and no firewall rules. */
  readonly inVirtualNetwork?: boolean;
  /** Resource id of the zone in which a virtual network finds it. */
  readonly privateDnsZoneId?: string | undefined;
}

const explained: readonly string[] = ['FirewallDenied', 'PrivateDnsNotLinked', 'Unreachable'];

/**
 * A failure to reach a server, in the words that fit how that stands in the network (azure-facts 9); any other failure as it is. One that is likely to pass by itself,
 * as a line that broke off, stays as it is too. Pure.
 */
export function explainUnreachable(error: ConnectionError, host: string, network: NetworkFacts): ConnectionError {
  if (!explained.includes(error.reason) || error.kind === 'retry') return error;
  const said = (reason: ConnectionError['reason'], message: string) =>
    new ConnectionError(error.kind, reason, message, { cause: error.cause });
  if (network.inVirtualNetwork) {
    if (error.reason === 'PrivateDnsNotLinked')
      return said(
        'PrivateDnsNotLinked',
        `the name ${host} doesn't resolve, because the server stands in a virtual network: link private DNS zone ${zoneName(network)} to the cluster's virtual network, or forward it in the cluster's DNS`,
      );
    return error.reason === 'Unreachable' && isSilence(error)
      ? said(
          'Unreachable',
          `${error.message.split(':')[0]}: the server stands in a virtual network, so check the peering with the cluster's, network security groups, routes and Azure Firewall for its port`,
        )
      : error;
  }
  if (network.publicNetworkAccess !== 'Disabled') return error;
  if (error.reason === 'PrivateDnsNotLinked')
    return said(
      'PrivateDnsNotLinked',
      `the name ${host} doesn't resolve, and the server has private access only: link the private DNS zone of its private endpoint to the cluster's virtual network, or forward it in the cluster's DNS`,
    );
  if (error.reason === 'FirewallDenied' || isSilence(error))
    return said(
      'PublicAccessDisabled',
      `public network access is off at ${host}, and its name leads to the public address, which nobody answers: give the cluster's virtual network a private endpoint, and link its private DNS zone (privatelink…) there`,
    );
  return error;
}

/** Whether nobody answered, or somebody on the way said no. */
function isSilence({ reason, message }: ConnectionError): boolean {
  return reason === 'Unreachable' && /doesn't answer|refuses connections/.test(message);
}

function zoneName({ privateDnsZoneId }: NetworkFacts): string {
  const name = privateDnsZoneId?.split('/').at(-1);
  return name ? `"${safeText(name)}"` : "of the server's virtual network";
}
