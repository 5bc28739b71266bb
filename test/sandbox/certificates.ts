import 'reflect-metadata'; // @peculiar/x509 needs it to be there before its own import
import { randomBytes, type webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';

/** Both parts in PEM; the key is PKCS #8. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateRequest {
  /** Under the name constraint OpenSSL reads a common name with a dot as a host name, so it must not be one outside `localhost`. */
  readonly commonName: string;
  /** What Kubernetes takes for the group of a client: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates */
  readonly organization?: string;
  /** Within 127.0.0.0/8. */
  readonly ipAddresses?: readonly string[];
  /** `localhost` or names below it. */
  readonly dnsNames?: readonly string[];
  /** A certificate to log in with instead of one to serve with. */
  readonly client?: boolean;
}

/** A certificate authority whose key never leaves the process. */
export interface Authority {
  /** The authority's own certificate, for those who are to trust it. */
  readonly pem: string;
  /** Takes milliseconds. Throws TypeError for something that is not an IP address. */
  issue(request: CertificateRequest): Promise<Certificate>;
}

const lifetimeInMs = 7 * 24 * 60 * 60 * 1000;
/** Clocks of containers and virtual machines differ a little. */
const backdatedInMs = 5 * 60 * 1000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * Makes a certificate authority for servers on this machine. It ends after seven days, and it can vouch for 127.0.0.0/8 and `localhost` only, so that somebody who trusts
 * it by hand does not trust it for the rest of the internet. The constraint is the one of RFC 5280, 4.2.1.10, which OpenSSL (thus Node and libpq) and Go check.
 */
export async function createAuthority({
  clock = systemClock,
  random = randomBytes,
}: {
  readonly clock?: Pick<Clock, 'now'>;
  readonly random?: (size: number) => Uint8Array;
} = {}): Promise<Authority> {
  const keys = await newKeys({ extractable: false });
  const subject = [{ CN: ['dbaccess sandbox'] }];
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(clock),
    serialNumber: serialNumber(random),
    name: subject,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      loopbackOnly(),
    ],
  });

  return {
    pem: certificate.toString('pem'),
    issue: async (request) => {
      const leaf = await newKeys({ extractable: true });
      const names = [
        ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
        ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
      ];
      const issued = await X509CertificateGenerator.create({
        ...validity(clock),
        serialNumber: serialNumber(random),
        issuer: certificate.subject,
        subject: [{ CN: [request.commonName] }, ...(request.organization === undefined ? [] : [{ O: [request.organization] }])],
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([request.client ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
          await SubjectKeyIdentifierExtension.create(leaf.publicKey),
          await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
          ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
        ],
      });
      return {
        cert: issued.toString('pem'),
        key: PemConverter.encode(await crypto.subtle.exportKey('pkcs8', leaf.privateKey), 'PRIVATE KEY'),
      };
    },
  };
}

function newKeys({ extractable }: { readonly extractable: boolean }): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, extractable, ['sign', 'verify']);
}

function validity(clock: Pick<Clock, 'now'>): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(clock.now() - backdatedInMs), notAfter: new Date(clock.now() + lifetimeInMs) };
}

/** A positive number of 16 bytes, in hexadecimal. */
function serialNumber(random: (size: number) => Uint8Array): string {
  const bytes = Buffer.from(random(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** permittedSubtrees: dNSName `localhost`, iPAddress 127.0.0.0/8. */
function loopbackOnly(): Extension {
  const permitted = [der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 0, 255, 0, 0, 0]))];
  const subtrees = permitted.map((name) => der(0x30, name));
  return new Extension('2.5.29.30', true, new Uint8Array(der(0x30, der(0xa0, Buffer.concat(subtrees)))));
}

/** One DER value of less than 128 bytes. */
function der(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}
