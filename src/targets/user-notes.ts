import type { ResourceId } from '../azure/resource-id.ts';
import type { Mark } from './mark.ts';
import type { Cancellable } from './target.ts';

/** What is to be remembered of a user beside its server, where the server can't keep it, or can't together with the user's making. */
export interface UserNote {
  readonly mark: Mark;
  /** The id that the user is bound to: a user of that name that is bound to another one isn't meant. */
  readonly boundTo: string;
  /** What the user must get back, in the engine's own words. */
  readonly kept?: string;
}

/** One change of the notes about a server's users; without a note, the user's is taken away. */
export interface UserNoteChange {
  readonly userName: string;
  readonly note: UserNote | undefined;
}

/** Remembers users of servers outside of the servers. Both throw ConnectionError when nobody remembers at present. */
export interface UserNotes {
  /** The notes by user name. They come from memory once they were read. */
  read(serverId: ResourceId, options: Cancellable): Promise<ReadonlyMap<string, UserNote>>;
  /** Makes all changes in one write. Writes nothing that stands there already. */
  write(serverId: ResourceId, changes: readonly UserNoteChange[], options: Cancellable): Promise<void>;
}
