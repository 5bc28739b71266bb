import { type Classified, type DriverError, describe } from './driver-error.ts';

/** Where a connection was to lead. */
export interface NetworkPlace {
  readonly host: string;
  readonly port: number;
}

/** Node's codes for names, addresses, sockets and certificates; what to say is azure-docs' advice on networking with a private access or firewall. */
export function classifyNetwork(error: DriverError, place: NetworkPlace): Classified | undefined {
  const { host, port } = place;
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
        `${host} refuses connections on port ${port}: the server may be starting or failing over; if it lasts, see its health in Azure`,
      );
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return notReached(place);
    case 'ECONNRESET':
    case 'EPIPE':
      return brokeOff(place);
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return certificateOfAnother(place);
    default:
  }
  if (/^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|INVALID_CA|HOSTNAME_MISMATCH)/.test(error.code))
    return untrusted(error, place);
  return undefined;
}

/** Nobody answers at all. */
export function notReached({ host, port }: NetworkPlace): Classified {
  return unreachable(
    'waiting',
    `${host} doesn't answer on port ${port}: allow the cluster's outbound address in the server's firewall, or, with private access, check peering, routes and network security groups`,
  );
}

/** A connection that stood is gone. */
export function brokeOff({ host }: NetworkPlace): Classified {
  return unreachable('retry', `the connection to ${host} broke off`);
}

export function stoppedAnswering({ host }: NetworkPlace): Classified {
  return unreachable('retry', `${host} stopped answering`);
}

export function withoutTls({ host, port }: NetworkPlace): Classified {
  return unreachable(
    'waiting',
    `${host} offers no TLS on port ${port}, so nothing was sent to it: see where the name leads in the cluster's DNS`,
  );
}

/** The certificate isn't of an authority that is trusted, or TLS failed otherwise. */
export function untrusted(error: DriverError, { host }: NetworkPlace): Classified {
  return unreachable('waiting', `no trusted TLS connection to ${host} could be made, so nothing was sent to it: ${describe(error)}`);
}

export function certificateOfAnother({ host }: NetworkPlace): Classified {
  return {
    kind: 'waiting',
    reason: 'WrongServer',
    message: `the certificate shown by ${host} is for another name, so nothing was sent to it: see where the name leads in the cluster's DNS`,
  };
}

function unreachable(kind: Classified['kind'], message: string): Classified {
  return { kind, reason: 'Unreachable', message };
}
