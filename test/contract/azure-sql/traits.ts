import type { ContractEngine } from '../target/engine.ts';
import { hostileNames } from '../target/hostile-names.ts';
import { routineSchema } from './administrator.ts';

const rows = ['read', 'insert', 'update', 'delete'] as const;

/** What every Azure SQL is like. */
export const azureSqlTraits = {
  type: 'AzureSQL',
  schema: 'dbo',
  routineSchema,
  // the token decides who the operator is: in each database it is this one
  operatorName: 'dbo',
  longestUserName: 128,
  promises: {
    ReadOnly: ['read'],
    ReadWrite: rows,
    ReadWriteDDL: [...rows, 'create table', 'drop table'],
    All: [...rows, 'create table', 'drop table', 'run'],
  },
  // an administrator may take back what anybody gave
  strangersGrants: 'revoked',
  // one with a backslash would be of Windows
  hostileNames: [...hostileNames.filter((name) => !name.includes('\\')), 'x]]; DROP USER y; --', "N'x", '\u{1F600}'.repeat(64)],
  plantTraps: { passedOver: 'nothing but a DDL trigger can run in the name of who looks, and that has scenarios of its own' },
} as const satisfies Partial<ContractEngine>;
