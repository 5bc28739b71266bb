import { uint8 } from './byte-parts.ts';

/** What a client says before it logs in: [MS-TDS] 2.2.6.5. */
export interface Prelogin {
  /** NOT_SUP: the client can't encrypt. */
  readonly encryption: 'off' | 'on' | 'not supported' | 'required';
  readonly asksFederatedAuthentication: boolean;
}

const options = { version: 0, encryption: 1, instance: 2, thread: 3, mars: 4, federated: 6, end: 0xff } as const;
const encryptions = ['off', 'on', 'not supported', 'required'] as const;
/** 12.0.2000: what Azure SQL Database has said for years. */
const version = Buffer.from([12, 0, 0x07, 0xd0, 0, 0]);

/** Throws RangeError for bytes that are no such message. */
export function readPrelogin(payload: Buffer): Prelogin {
  const values = new Map<number, Buffer>();
  for (let at = 0; payload.readUInt8(at) !== options.end; at += 5) {
    const offset = payload.readUInt16BE(at + 1);
    values.set(payload.readUInt8(at), payload.subarray(offset, offset + payload.readUInt16BE(at + 3)));
  }
  return {
    encryption: encryptions[values.get(options.encryption)?.readUInt8() ?? 0] ?? 'off',
    asksFederatedAuthentication: values.has(options.federated),
  };
}

/** The server's own: everything is encrypted, and there is no MARS. */
export function preloginReply({ encryption, asksFederatedAuthentication }: Prelogin): Buffer {
  const isWilling = encryption === 'on' || encryption === 'required';
  const values: readonly (readonly [number, Buffer])[] = [
    [options.version, version],
    [options.encryption, uint8(encryptions.indexOf(isWilling ? 'on' : 'required'))],
    [options.instance, uint8(0)],
    [options.thread, Buffer.alloc(0)],
    [options.mars, uint8(0)],
    ...(asksFederatedAuthentication ? [[options.federated, uint8(1)] as const] : []),
  ];
  const table = Buffer.alloc(values.length * 5 + 1, options.end);
  let offset = table.length;
  for (const [index, [option, value]] of values.entries()) {
    table.writeUInt8(option, index * 5);
    table.writeUInt16BE(offset, index * 5 + 1);
    table.writeUInt16BE(value.length, index * 5 + 3);
    offset += value.length;
  }
  return Buffer.concat([table, ...values.map(([, value]) => value)]);
}
