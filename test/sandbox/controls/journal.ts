/** One request that an emulated service or gateway answered. `by` is the caller's client id or user name, '' when it proved none. */
export type JournalEntry = { readonly at: string; readonly by: string; readonly status: number | string } & (
  | { readonly kind: 'arm'; readonly method: string; readonly path: string; readonly apiVersion: string }
  | { readonly kind: 'token'; readonly clientId: string; readonly scope: string }
  | {
      readonly kind: 'sql';
      readonly server: string;
      readonly database: string;
      readonly user: string;
      readonly statement: string;
      readonly error: string;
    }
);

export type JournalKind = JournalEntry['kind'];

type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never;

/** What the sandbox was asked, in order. It never holds a token or a password. */
export class Journal {
  #entries: JournalEntry[] = [];

  record(entry: WithoutTime<JournalEntry>): void {
    this.#entries.push({ at: new Date().toISOString(), ...entry });
  }

  list(kind?: JournalKind): readonly JournalEntry[] {
    return kind ? this.#entries.filter((entry) => entry.kind === kind) : [...this.#entries];
  }

  clear(kind?: JournalKind): void {
    this.#entries = kind ? this.#entries.filter((entry) => entry.kind !== kind) : [];
  }
}
