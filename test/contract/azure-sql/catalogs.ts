import type { Catalog } from '../../sandbox/azure-sql/catalog.ts';
import { type PermissionRow, type Principal, securableClass } from '../../sandbox/azure-sql/catalog-records.ts';
import type { SqlServer } from '../../sandbox/azure-sql/sql-server.ts';
import { dba } from './shop-server.ts';

const states = { G: 'granted', W: 'granted with grant option', D: 'denied' } as const;

/** All that a database's catalog holds of users, rights and owners, a line for each thing, in order. */
export function linesOf(catalog: Catalog): readonly string[] {
  const principal = (id: number | null) => (id === null ? 'none' : (catalog.principals.get(id)?.name ?? `${id}`));
  const schema = (id: number) => catalog.schemas.get(id)?.name ?? `${id}`;
  const all = <T>(records: ReadonlyMap<number, T>, line: (record: T) => string) => [...records.values()].map(line);
  return [
    ...all(catalog.principals, (each) => `principal ${described(each)} owner=${principal(each.owner)}`),
    ...all(catalog.schemas, ({ name, owner }) => `schema ${name} of ${principal(owner)}`),
    ...all(catalog.objects, (each) => `object ${schema(each.schema)}.${each.name} of ${principal(each.owner)}`),
    ...all(catalog.types, (each) => `type ${schema(each.schema)}.${each.name} of ${principal(each.owner)}`),
    ...all(catalog.triggers, ({ name, isDisabled }) => `trigger ${name} disabled=${isDisabled}`),
    ...catalog.memberships.map(({ member, role }) => `${principal(member)} is a member of ${principal(role)}`),
    ...catalog.permissions.map(
      (row) =>
        `${row.permission} on ${securableOf(row, catalog)} ${states[row.state]} to ${principal(row.grantee)} by ${principal(row.grantor)}`,
    ),
    ...catalog.properties.map((each) => `property ${each.name} of ${securableOf(each, catalog)}: ${String(each.value)}`),
  ].sort();
}

/** Who is logged in besides administrators, and what somebody has begun and not ended. */
export function sessionLines({ sessions }: SqlServer): readonly string[] {
  const open = [...sessions.values()].filter(({ killed }) => !killed.aborted);
  const ofApplications = Map.groupBy(
    open.filter(({ login }) => !login.isAdministrator),
    ({ login }) => login.clientId,
  );
  const inTransaction = open.filter(({ transaction, login }) => transaction && login.clientId !== dba.clientId);
  return [
    ...[...ofApplications].map(([clientId, { length }]) => `${length} sessions of ${clientId}`),
    ...inTransaction.map(({ login }) => `a transaction of ${login.clientId} is open`),
  ].sort();
}

function described({ name, type, sid, defaultSchema, isFixedRole }: Principal): string {
  return `${name} type=${type} sid=${sid?.toString('hex')} schema=${defaultSchema} fixed=${isFixedRole}`;
}

function securableOf(row: Pick<PermissionRow, 'class' | 'major' | 'minor'>, catalog: Catalog): string {
  const object = catalog.objects.get(row.major);
  switch (row.class) {
    case securableClass.database:
      return 'the database';
    case securableClass.schema:
      return `schema ${catalog.schemas.get(row.major)?.name}`;
    case securableClass.object:
      return `object ${object?.name} column=${object?.columns.find(({ id }) => id === row.minor)?.name}`;
    case securableClass.principal:
      return `principal ${catalog.principals.get(row.major)?.name}`;
    case securableClass.type:
      return `type ${catalog.types.get(row.major)?.name}`;
    default:
      throw new RangeError(`no class of securables is ${row.class}`);
  }
}
