import type { ContractEngine } from '../target/engine.ts';
import { hostilePostgresNames } from './hostile-names.ts';

const rows = ['read', 'insert', 'update', 'delete'] as const;

/** What every PostgreSQL is like. */
export const postgresTraits = {
  type: 'PostgreSQL',
  schema: 'public',
  longestUserName: 63,
  promises: {
    ReadOnly: ['read'],
    ReadWrite: rows,
    ReadWriteDDL: [...rows, 'create table'],
    All: [...rows, 'create table'],
  },
  strangersGrants: 'told',
  hostileNames: hostilePostgresNames,
} as const satisfies Partial<ContractEngine>;

/** SQLSTATEs with which it lets nobody in: no such login, or no way into the database. */
export const loginRefusals = /^28|^42501$/;
