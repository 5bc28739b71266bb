import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import * as x509 from '@peculiar/x509';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it is instead of a JSON body. */
  readonly raw?: string | Buffer;
  /** Leave the request without an answer. */
  readonly silent?: true;
  /** Close the connection without an answer. */
  readonly cut?: true;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** An https server on loopback whose certificate this process trusts while it runs. */
export interface TestServer extends AsyncDisposable {
  readonly origin: string;
  /** What it was asked, in order. */
  readonly seen: SeenRequest[];
  answer: (request: SeenRequest) => Answer | Promise<Answer>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function startHttpsServer(): Promise<TestServer> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // A name of its own: OpenSSL looks issuers up by name, and takes another certificate of that name for the issuer.
    name: `CN=${webcrypto.randomUUID()}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  const pem = certificate.toString('pem');
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...trusted, pem]);

  const seen: SeenRequest[] = [];
  const held: TestServer = {
    origin: '',
    seen,
    answer: () => ({ status: 500 }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      tls.setDefaultCACertificates(trusted);
    },
  };
  const server = createServer(
    { cert: pem, key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----` },
    async (request, response) => {
      const what: SeenRequest = {
        method: request.method ?? '',
        url: request.url ?? '',
        authorization: request.headers.authorization,
        body: await bodyOf(request),
      };
      seen.push(what);
      const { status = 200, headers = {}, body, raw, silent, cut } = await held.answer(what);
      if (silent) return;
      if (cut) return void response.destroy();
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(raw ?? (body === undefined ? '' : JSON.stringify(body)));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(held, { origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}
