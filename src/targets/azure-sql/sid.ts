import { isGuid } from '../../azure/resource-id.ts';

/**
 * The security id by which a user is bound to an application: its client id, as SQL Server writes a uniqueidentifier into bytes. The first three groups are
 * written backwards. Throws TypeError for anything but a GUID.
 */
export function securityId(clientId: string): Buffer {
  if (!isGuid(clientId)) throw new TypeError('not a client id');
  const bytes = Buffer.from(clientId.replaceAll('-', ''), 'hex');
  const backwards = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((group) => Buffer.from(group).reverse());
  return Buffer.concat([...backwards, bytes.subarray(8)]);
}
