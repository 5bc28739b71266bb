import type { ContractEngine } from '../target/engine.ts';
import { hostileMysqlNames } from './hostile-names.ts';

const rows = ['read', 'insert', 'update', 'delete'] as const;

/** What every server of the MySQL family is like. */
export const mysqlTraits = {
  type: 'MySQL',
  schema: undefined,
  longestUserName: 32,
  promises: {
    ReadOnly: ['read'],
    ReadWrite: rows,
    ReadWriteDDL: [...rows, 'create table', 'drop table'],
    All: [...rows, 'create table', 'drop table', 'run'],
  },
  // MySQL doesn't ask who granted
  strangersGrants: 'revoked',
  hostileNames: hostileMysqlNames,
} as const satisfies Partial<ContractEngine>;
