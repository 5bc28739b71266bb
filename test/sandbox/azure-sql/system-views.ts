import type { Context } from './context.ts';
import type { SqlType, SqlValue } from './sql-type.ts';
import type { NameParts } from './token-cursor.ts';
import { objectViews } from './views/of-objects.ts';
import { securityViews } from './views/of-security.ts';
import { serverViews } from './views/of-server.ts';

/** A catalog view: what it shows depends on who looks. */
export interface SystemView {
  readonly columns: readonly (readonly [string, SqlType])[];
  readonly rows: (context: Context) => readonly (readonly SqlValue[])[];
}

const all: Readonly<Record<string, SystemView>> = { ...securityViews, ...objectViews, ...serverViews };

/** The view that `sys.name` means, `INFORMATION_SCHEMA.name` likewise. */
export function findSystemView(name: NameParts): SystemView | undefined {
  const key = name.slice(-2).join('.').toLowerCase();
  return name.length >= 2 && Object.hasOwn(all, key) ? all[key] : undefined;
}
