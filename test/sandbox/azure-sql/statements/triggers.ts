import type { DdlTrigger } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { theDatabase } from '../permission-check.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { isEvent } from '../trigger.ts';
import { executeAsId, parseBody, parseExecuteAs } from './modules.ts';

/** https://learn.microsoft.com/sql/t-sql/statements/create-trigger-transact-sql, on the database alone. */
export const triggerStatements: readonly StatementShape[] = [
  {
    syntax: 'CREATE TRIGGER name ON DATABASE [WITH EXECUTE AS …] FOR|AFTER event, … AS statement …',
    begins: ['CREATE', 'TRIGGER'],
    isFirst: true,
    parse: parseCreate,
  },
  { syntax: 'DROP TRIGGER [IF EXISTS] name ON DATABASE', begins: ['DROP', 'TRIGGER'], parse: parseDrop },
  { syntax: 'DISABLE TRIGGER name ON DATABASE', begins: ['DISABLE', 'TRIGGER'], parse: (cursor) => parseSwitch(cursor, true) },
  { syntax: 'ENABLE TRIGGER name ON DATABASE', begins: ['ENABLE', 'TRIGGER'], parse: (cursor) => parseSwitch(cursor, false) },
];

function parseCreate(cursor: TokenCursor): Statement {
  const name = cursor.name();
  cursor.expect('ON', 'DATABASE');
  const executeAs = parseExecuteAs(cursor);
  cursor.expectOneOf(['FOR', 'AFTER']);
  const events = cursor.list(() => parseEvent(cursor));
  cursor.expect('AS');
  const body = parseBody(cursor);
  return {
    event: 'CREATE_TRIGGER',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        assertMayAlter(context);
        if (catalog.triggerNamed(name)) throw errors.objectExists(name);
        const id = catalog.nextObjectId();
        const module = { definition: cursor.sql, parameters: [], body, executeAs: executeAsId(executeAs, context) };
        catalog.triggers.set(id, { id, name, events, isDisabled: false, module, createdAt: new Date(context.session.server.clock.now()) });
      }, context),
  };
}

function parseEvent(cursor: TokenCursor): string {
  const event = cursor.token.value.toUpperCase();
  if (cursor.token.kind !== 'word' || !isEvent(event)) throw cursor.wrong();
  cursor.take();
  return event;
}

function assertMayAlter(context: Context): void {
  if (!context.may('ALTER ANY DATABASE DDL TRIGGER', theDatabase)) throw errors.notPermitted();
}

function parseDrop(cursor: TokenCursor): Statement {
  const ifExists = cursor.skip('IF', 'EXISTS');
  const name = cursor.name();
  cursor.expect('ON', 'DATABASE');
  return changing('DROP_TRIGGER', name, ifExists, (trigger, triggers) => void triggers.delete(trigger.id));
}

function parseSwitch(cursor: TokenCursor, isDisabled: boolean): Statement {
  const name = cursor.name();
  cursor.expect('ON', 'DATABASE');
  return changing('ALTER_TRIGGER', name, false, (trigger, triggers) => void triggers.set(trigger.id, { ...trigger, isDisabled }));
}

function changing(
  event: string,
  name: string,
  ifExists: boolean,
  change: (trigger: DdlTrigger, triggers: Map<number, DdlTrigger>) => void,
): Statement {
  return {
    event,
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const trigger = catalog.triggerNamed(name);
        if (!trigger && ifExists) return;
        if (!trigger || !context.may('ALTER ANY DATABASE DDL TRIGGER', theDatabase)) throw errors.cannotDrop('trigger', name);
        change(trigger, catalog.triggers);
      }, context),
  };
}
