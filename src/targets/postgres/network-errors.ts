import { type Classified, type DriverError, describe, type ErrorPlace } from './driver-error.ts';

/** Node's codes for names, addresses, sockets and certificates; what to say is azure-docs' advice on networking with a private access or firewall. */
export function classifyNetwork(error: DriverError, { host }: ErrorPlace): Classified | undefined {
  const unreachable = (kind: Classified['kind'], message: string): Classified => ({ kind, reason: 'Unreachable', message });
  switch (error.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return {
        kind: 'waiting',
        reason: 'PrivateDnsNotLinked',
        message: `the name ${host} doesn't resolve: where the server has private access only, link its private DNS zone to the cluster's network, or forward the zone in the cluster's DNS`,
      };
    case 'ECONNREFUSED':
      return unreachable(
        'waiting',
        `${host} refuses connections on port 5432: the server may be starting or failing over; if it lasts, see its health in Azure`,
      );
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable('waiting', notReached(host));
    case 'ECONNRESET':
    case 'EPIPE':
      return unreachable('retry', `the connection to ${host} broke off`);
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        kind: 'waiting',
        reason: 'WrongServer',
        message: `the certificate shown by ${host} is for another name, so nothing was sent to it: see where the name leads in the cluster's DNS`,
      };
    default:
  }
  if (/^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|INVALID_CA|HOSTNAME_MISMATCH)/.test(error.code))
    return unreachable('waiting', `no trusted TLS connection to ${host} could be made, so nothing was sent to it: ${describe(error)}`);
  if (error.message.includes('does not support SSL') || error.message.includes('establishing an SSL connection'))
    return unreachable(
      'waiting',
      `${host} offers no TLS on port 5432, so nothing was sent to it: see where the name leads in the cluster's DNS`,
    );
  if (error.message === 'timeout expired') return unreachable('waiting', notReached(host));
  if (
    error.message.startsWith('Connection terminated') ||
    error.message === 'Client has encountered a connection error and is not queryable'
  )
    return unreachable('retry', `the connection to ${host} broke off`);
  if (error.message === 'Query read timeout') return unreachable('retry', `${host} stopped answering`);
  return undefined;
}

function notReached(host: string): string {
  return `${host} doesn't answer on port 5432: allow the cluster's outbound address in the server's firewall, or, with private access, check peering, routes and network security groups`;
}
