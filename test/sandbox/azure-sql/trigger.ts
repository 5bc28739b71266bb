import { runStatements } from './batch.ts';
import type { DdlTrigger } from './catalog-records.ts';
import type { Context } from './context.ts';
import { errors } from './errors.ts';
import { principalOfModule } from './module.ts';
import { parseBatch } from './statement-shapes.ts';
import { TokenCursor } from './token-cursor.ts';

/** Groups of events, by what the names of their events end in: https://learn.microsoft.com/sql/relational-databases/triggers/ddl-event-groups */
const groups: Readonly<Record<string, RegExp>> = {
  DDL_DATABASE_LEVEL_EVENTS: /./,
  DDL_DATABASE_SECURITY_EVENTS: /_(USER|ROLE|ROLE_MEMBER|SCHEMA|DATABASE)$/,
  DDL_USER_EVENTS: /_USER$/,
  DDL_ROLE_EVENTS: /_(ROLE|ROLE_MEMBER)$/,
  DDL_GDR_DATABASE_EVENTS: /^(GRANT|DENY|REVOKE)_DATABASE$/,
  DDL_AUTHORIZATION_DATABASE_EVENTS: /^ALTER_AUTHORIZATION_DATABASE$/,
  DDL_SCHEMA_EVENTS: /_SCHEMA$/,
  DDL_TABLE_EVENTS: /_TABLE$/,
  DDL_VIEW_EVENTS: /_VIEW$/,
  DDL_TABLE_VIEW_EVENTS: /_(TABLE|VIEW)$/,
  DDL_PROCEDURE_EVENTS: /_PROCEDURE$/,
  DDL_FUNCTION_EVENTS: /_FUNCTION$/,
  DDL_TYPE_EVENTS: /_TYPE$/,
  DDL_SEQUENCE_EVENTS: /_SEQUENCE$/,
  DDL_TRIGGER_EVENTS: /_TRIGGER$/,
  DDL_EXTENDED_PROPERTY_EVENTS: /_EXTENDED_PROPERTY$/,
};

/** Whether there is such an event or group. */
export function isEvent(name: string): boolean {
  return Object.hasOwn(groups, name) || /^(CREATE|ALTER|DROP|ADD|GRANT|DENY|REVOKE)_[A-Z_]+$/.test(name);
}

function sees({ events, isDisabled }: DdlTrigger, event: string): boolean {
  return !isDisabled && events.some((each) => each === event || groups[each]?.test(event));
}

/**
 * Runs the triggers on DDL that an event has: in the statement's transaction, and as who has run the statement, if the trigger doesn't say otherwise
 * (https://learn.microsoft.com/sql/relational-databases/triggers/manage-trigger-security). `before`: those that there were before the
 * statement, as a trigger does not see how it is made itself. Throws 3609 when one of them ends the transaction.
 */
export async function fireTriggers(event: string, before: ReadonlyMap<number, DdlTrigger>, context: Context): Promise<void> {
  const { session } = context;
  for (const trigger of [...context.catalog.triggers.values()].filter((each) => before.has(each.id) && sees(each, event))) {
    const { transaction } = session;
    const principal = principalOfModule(trigger.module, undefined, context);
    const inner = context.inside(undefined, { isTrigger: true, ...(principal !== undefined && { principal }) });
    await runStatements(parseBatch(new TokenCursor(trigger.module.body, { quotedIdentifier: true })), inner);
    if (session.transaction !== transaction) throw errors.endedInTrigger();
  }
}
