import { type Sql, sql } from './sql.ts';

/** Azure SQL listens nowhere else for who begins; it may send clients on to another port. */
export const port = 1433;

export const statementTimeoutInMs = 30_000;

const lockTimeoutInMs = 5_000;

/**
 * What a session pins before anything else (threat-model A2): some statements mean something else without these settings, and an error must end its transaction.
 * Each can be set by nobody but the session itself.
 */
export const pinSettings: Sql = sql`SET QUOTED_IDENTIFIER ON
SET ANSI_NULLS ON
SET ANSI_PADDING ON
SET ANSI_WARNINGS ON
SET ARITHABORT ON
SET CONCAT_NULL_YIELDS_NULL ON
SET NUMERIC_ROUNDABORT OFF
SET IMPLICIT_TRANSACTIONS OFF
SET CURSOR_CLOSE_ON_COMMIT OFF
SET XACT_ABORT ON
SET NOCOUNT ON
SET TRANSACTION ISOLATION LEVEL READ COMMITTED
SET LOCK_TIMEOUT 5000`;

/** Bits of @@OPTIONS: https://learn.microsoft.com/sql/database-engine/configure-windows/configure-the-user-options-server-configuration-option. */
const isOn = 8 | 16 | 32 | 64 | 256 | 512 | 4096 | 16384;
const isOff = 2 | 4 | 8192;

/** What a session says about itself. */
export interface SessionRow {
  readonly database: string;
  readonly serverName: string;
  /** 5 is Azure SQL Database. */
  readonly edition: number;
  readonly options: number;
  readonly lockTimeout: number;
  /** 1 where the session may do everything in the database. */
  readonly hasControl: number | null;
}

/** Whether the settings hold. */
export function isAsPinned({ options, lockTimeout }: SessionRow): boolean {
  return (options & isOn) === isOn && (options & isOff) === 0 && lockTimeout === lockTimeoutInMs;
}
