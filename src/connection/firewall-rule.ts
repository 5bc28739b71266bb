/** A temporary rule as the ledger remembers it. Times are in milliseconds since 1970. */
export interface FirewallRule {
  readonly name: string;
  readonly address: string;
  readonly openedAt: number;
  readonly expiresAt: number;
  /** Whether it is gone; what is left tells when there was one. */
  readonly closed?: boolean;
}

/** The name of a rule of this cluster, with the minute of its end in UTC: for people who find one, and for the sweep. */
export function ruleName(clusterHash: string, expiresAt: number): string {
  const minute = new Date(expiresAt).toISOString().replaceAll(/[-:T]/g, '').slice(0, 12);
  return `${prefixOf(clusterHash)}${minute}`;
}

/** Whether a rule of this name was made by this cluster. */
export function isOwnRule(name: string, clusterHash: string): boolean {
  return new RegExp(`^${prefixOf(clusterHash)}\\d{12}$`, 'i').test(name);
}

/** The rule that a text of the ledger tells of; undefined for one that somebody spoilt. */
export function parseFirewallRule(text: string | undefined): FirewallRule | undefined {
  if (text === undefined) return undefined;
  try {
    const { name, address, openedAt, expiresAt, closed } = (JSON.parse(text) ?? {}) as Partial<Record<keyof FirewallRule, unknown>>;
    if (typeof name !== 'string' || typeof address !== 'string' || !isTime(openedAt) || !isTime(expiresAt)) return undefined;
    return { name, address, openedAt, expiresAt, ...(closed === true && { closed }) };
  } catch {
    return undefined;
  }
}

function prefixOf(clusterHash: string): string {
  return `dbaccess-${clusterHash}-`;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
