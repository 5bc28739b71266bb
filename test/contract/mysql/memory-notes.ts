import { resourceKey } from '../../../src/azure/resource-id.ts';
import type { UserNote, UserNotes } from '../../../src/targets/user-notes.ts';

/** Notes as the ledger keeps them, without a cluster. */
export class MemoryNotes implements UserNotes {
  readonly all = new Map<string, Map<string, UserNote>>();

  read: UserNotes['read'] = async (serverId) => new Map(this.all.get(resourceKey(serverId)));

  write: UserNotes['write'] = async (serverId, changes) => {
    const id = resourceKey(serverId);
    const ofServer = this.all.get(id) ?? new Map<string, UserNote>();
    this.all.set(id, ofServer);
    for (const { userName, note } of changes) {
      if (note) ofServer.set(userName, note);
      else ofServer.delete(userName);
    }
  };
}
