import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { type Authority, type Certificate, createAuthority } from '../../sandbox/certificates.ts';

describe('The certificate authority of the sandbox', () => {
  let authority: Authority;

  before(async () => {
    authority = await createAuthority();
  });

  /** What a client says that trusts the authority and expects `servername` or the address: undefined when it is content. */
  async function complaintAbout(certificate: Certificate, servername?: string): Promise<string | undefined> {
    const server = createServer({ cert: certificate.cert, key: certificate.key }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca: authority.pem, ...(servername === undefined ? {} : { servername }) });
    try {
      return await once(socket, 'secureConnect').then(
        () => undefined,
        (error: NodeJS.ErrnoException) => `${error.code}: ${error.message}`,
      );
    } finally {
      socket.destroy();
      server.close();
    }
  }

  it('vouches for addresses and names of this machine', async () => {
    const certificate = await authority.issue({ commonName: 'server', ipAddresses: ['127.0.0.1'], dnsNames: ['localhost'] });
    expect(await complaintAbout(certificate)).to.equal(undefined);
    expect(await complaintAbout(certificate, 'localhost')).to.equal(undefined);
  });

  it('does not vouch for an address that is not in the certificate', async () => {
    const certificate = await authority.issue({ commonName: 'server', ipAddresses: ['127.0.46.2'] });
    expect(await complaintAbout(certificate)).to.match(/^ERR_TLS_CERT_ALTNAME_INVALID:/);
  });

  for (const names of [{ dnsNames: ['management.azure.com'] }, { ipAddresses: ['127.0.0.1', '10.0.0.1'] }]) {
    it(`is not trusted for ${JSON.stringify(names)}`, async () => {
      const certificate = await authority.issue({ commonName: 'server', ...names });
      expect(await complaintAbout(certificate, names.dnsNames?.[0])).to.contain('permitted subtree violation');
    });
  }

  it('makes certificates to log in with, which no server can use', async () => {
    const certificate = await authority.issue({ commonName: 'admin', organization: 'system:masters', client: true });
    const parsed = new X509Certificate(certificate.cert);
    expect(parsed.subject.split('\n')).to.have.members(['CN=admin', 'O=system:masters']);
    expect(await complaintAbout(certificate)).to.match(/^INVALID_PURPOSE:/);
  });

  it('ends after seven days', async () => {
    const born = Date.UTC(2026, 0, 1);
    const { pem } = await createAuthority({ clock: { now: () => born } });
    expect(new X509Certificate(pem).validToDate).to.deep.equal(new Date(Date.UTC(2026, 0, 8)));
  });
});
