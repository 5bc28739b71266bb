/**
 * Keys in the order in which they are to be taken: by priority, then by turns among groups, then first come, first served.
 * So one group with ten thousand keys delays another one's only key by a single turn.
 */
export class FairQueue {
  /** Priority → group → keys. The groups' order is the order of their turns. */
  readonly #bands = new Map<number, Map<string, Set<string>>>();
  readonly #groupOf: (key: string) => string;

  constructor(groupOf: (key: string) => string) {
    this.#groupOf = groupOf;
  }

  push(key: string, priority: number): void {
    const band = this.#bands.get(priority) ?? new Map<string, Set<string>>();
    this.#bands.set(priority, band);
    const group = this.#groupOf(key);
    const keys = band.get(group);
    if (keys) keys.add(key);
    else band.set(group, new Set([key]));
  }

  /** Takes out the next key. */
  shift(): string | undefined {
    if (this.#bands.size === 0) return undefined;
    const priority = Math.max(...this.#bands.keys());
    const band = this.#bands.get(priority) as Map<string, Set<string>>;
    const [group, keys] = band.entries().next().value as [string, Set<string>];
    const key = keys.values().next().value as string;
    keys.delete(key);
    band.delete(group);
    if (keys.size > 0) band.set(group, keys);
    if (band.size === 0) this.#bands.delete(priority);
    return key;
  }

  remove(key: string, priority: number): void {
    const band = this.#bands.get(priority);
    const group = this.#groupOf(key);
    const keys = band?.get(group);
    if (!band || !keys?.delete(key)) return;
    if (keys.size === 0) band.delete(group);
    if (band.size === 0) this.#bands.delete(priority);
  }

  /** How many keys wait, by priority. */
  depths(): ReadonlyMap<number, number> {
    return new Map([...this.#bands].map(([priority, band]) => [priority, [...band.values()].reduce((sum, keys) => sum + keys.size, 0)]));
  }
}
