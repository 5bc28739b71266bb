import { ByteCursor } from './byte-cursor.ts';

/** What a client logs in with: [MS-TDS] 2.2.6.4. */
export interface Login {
  /** '' where the credential is a token. */
  readonly user: string;
  readonly application: string;
  readonly host: string;
  readonly server: string;
  /** '' for the default, which is master. */
  readonly database: string;
  readonly packetSize: number;
  /** `token`: it came with the login. `asks`: the client gets it when it is told for which service. */
  readonly credential: { readonly kind: 'token'; readonly token: string } | { readonly kind: 'asks token' } | { readonly kind: 'password' };
  /** Ids of the features that the client offers. */
  readonly features: readonly number[];
}

export const federatedAuthentication = 2;
const endOfFeatures = 0xff;
const securityToken = 1;
const activeDirectoryLibrary = 2;

/** Throws RangeError for bytes that are no such message. */
export function readLogin(payload: Buffer): Login {
  const textAt = (position: number) => {
    const offset = payload.readUInt16LE(position);
    return payload.toString('utf16le', offset, offset + payload.readUInt16LE(position + 2) * 2);
  };
  const hasFeatures = (payload.readUInt8(27) & 0x10) !== 0;
  const features = hasFeatures ? readFeatures(payload.subarray(payload.readUInt32LE(payload.readUInt16LE(56)))) : new Map<number, Buffer>();
  return {
    host: textAt(36),
    user: textAt(40),
    application: textAt(48),
    server: textAt(52),
    database: textAt(68),
    packetSize: Math.min(Math.max(payload.readUInt32LE(8), 512), 32_767),
    credential: credentialOf(features.get(federatedAuthentication)),
    features: [...features.keys()],
  };
}

/** The token that follows when the client has been told where to get it: [MS-TDS] 2.2.6.3. */
export function readFederatedToken(payload: Buffer): string {
  const cursor = new ByteCursor(payload);
  cursor.uint32();
  return cursor.bytes(cursor.uint32()).toString('utf16le');
}

function readFeatures(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const cursor = new ByteCursor(bytes);
  const features = new Map<number, Buffer>();
  for (let id = cursor.uint8(); id !== endOfFeatures; id = cursor.uint8()) features.set(id, cursor.bytes(cursor.uint32()));
  return features;
}

function credentialOf(feature: Buffer | undefined): Login['credential'] {
  if (!feature) return { kind: 'password' };
  const cursor = new ByteCursor(feature);
  const library = cursor.uint8() >> 1;
  if (library === securityToken) return { kind: 'token', token: cursor.bytes(cursor.uint32()).toString('utf16le') };
  if (library === activeDirectoryLibrary) return { kind: 'asks token' };
  throw new RangeError(`the login uses the unknown library ${library}`);
}
