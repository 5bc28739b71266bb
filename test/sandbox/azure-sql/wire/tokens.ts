import { int32, longText, shortText, uint8, uint16, uint32, uint64, utf16 } from './byte-parts.ts';

/** What the server says of a request beside its rows: [MS-TDS] 2.2.7.10 and 2.2.7.13. */
export interface Notice {
  readonly number: number;
  readonly state: number;
  /** Below 11 it is no error. */
  readonly class: number;
  readonly message: string;
  readonly procedure?: string;
  readonly line?: number;
}

/** SQL_Latin1_General_CP1_CI_AS: [MS-TDS] 2.2.5.1.2. */
export const collationBytes = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);
const version = Buffer.from([12, 0, 0x07, 0xd0]);

export function noticeToken(notice: Notice, serverName: string): Buffer {
  const { number, state, class: severity, message, procedure = '', line = 1 } = notice;
  const content = Buffer.concat([
    ...[int32(number), uint8(state), uint8(severity), longText(message), shortText(serverName), shortText(procedure), int32(line)],
  ]);
  return sized(severity > 10 ? 0xaa : 0xab, content);
}

/** A login that succeeded: [MS-TDS] 2.2.7.14. */
export function loginToken(): Buffer {
  return sized(0xad, Buffer.concat([uint8(1), Buffer.from([0x74, 0, 0, 4]), shortText('Microsoft SQL Server'), version]));
}

/** The federated login is acknowledged, without a nonce as clients send none: [MS-TDS] 2.2.7.11. */
export function federatedAcknowledgement(feature: number): Buffer {
  return Buffer.concat([uint8(0xae), uint8(feature), uint32(0), uint8(0xff)]);
}

/** Where the client gets a token and for which service: [MS-TDS] 2.2.7.12. */
export function federatedInfo({ authority, service }: { readonly authority: string; readonly service: string }): Buffer {
  const values = [utf16(authority), utf16(service)];
  let offset = 4 + values.length * 9;
  const table = values.map((value, index) => {
    const entry = Buffer.concat([uint8(index + 1), uint32(value.length), uint32(offset)]);
    offset += value.length;
    return entry;
  });
  const content = Buffer.concat([uint32(values.length), ...table, ...values]);
  return Buffer.concat([uint8(0xee), uint32(content.length), content]);
}

/** A part of the session's state that has changed: [MS-TDS] 2.2.7.9. */
export type Change =
  | { readonly kind: 'database'; readonly now: string; readonly before: string }
  | { readonly kind: 'packet size'; readonly now: number; readonly before: number }
  | { readonly kind: 'collation' }
  | { readonly kind: 'transaction begun'; readonly id: bigint }
  | { readonly kind: 'transaction committed'; readonly id: bigint }
  | { readonly kind: 'transaction rolled back'; readonly id: bigint }
  | { readonly kind: 'session reset' }
  | { readonly kind: 'routed'; readonly host: string; readonly port: number };

export function changeToken(change: Change): Buffer {
  return sized(0xe3, changeContent(change));
}

function changeContent(change: Change): Buffer {
  switch (change.kind) {
    case 'database':
      return Buffer.concat([uint8(1), shortText(change.now), shortText(change.before)]);
    case 'packet size':
      return Buffer.concat([uint8(4), shortText(String(change.now)), shortText(String(change.before))]);
    case 'collation':
      return Buffer.concat([uint8(7), uint8(collationBytes.length), collationBytes, uint8(0)]);
    case 'transaction begun':
      return Buffer.concat([uint8(8), uint8(8), uint64(change.id), uint8(0)]);
    case 'transaction committed':
      return Buffer.concat([uint8(9), uint8(0), uint8(8), uint64(change.id)]);
    case 'transaction rolled back':
      return Buffer.concat([uint8(10), uint8(0), uint8(8), uint64(change.id)]);
    case 'session reset':
      return Buffer.from([18, 0, 0]);
    case 'routed': {
      const place = Buffer.concat([uint8(0), uint16(change.port), longText(change.host)]);
      return Buffer.concat([uint8(20), uint16(place.length), place, uint16(0)]);
    }
    default:
      return change satisfies never;
  }
}

/** How a statement or a request ended: [MS-TDS] 2.2.7.6 to 2.2.7.8. */
export interface Done {
  /** `statement in procedure` and `procedure` are for requests that call one. */
  readonly kind: 'statement' | 'statement in procedure' | 'procedure';
  readonly goesOn?: boolean;
  readonly failed?: boolean;
  readonly cancelled?: boolean;
  readonly command?: number;
  readonly rows?: number | undefined;
}

const doneTokens = { statement: 0xfd, procedure: 0xfe, 'statement in procedure': 0xff } as const;

export function doneToken({ kind, goesOn = false, failed = false, cancelled = false, command = 0, rows }: Done): Buffer {
  const status = (goesOn ? 0x01 : 0) | (failed ? 0x02 : 0) | (rows === undefined ? 0 : 0x10) | (cancelled ? 0x20 : 0);
  return Buffer.concat([uint8(doneTokens[kind]), uint16(status), uint16(command), uint64(BigInt(rows ?? 0))]);
}

/** What a procedure returned: [MS-TDS] 2.2.7.18. */
export function returnStatusToken(value: number): Buffer {
  return Buffer.concat([uint8(0x79), int32(value)]);
}

function sized(token: number, content: Buffer): Buffer {
  return Buffer.concat([uint8(token), uint16(content.length), content]);
}
