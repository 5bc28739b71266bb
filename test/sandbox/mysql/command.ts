import type { ResponseShape } from './response-reader.ts';

/** Commands that the gateway looks into: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html */
export const command = { query: 0x03, prepare: 0x16, execute: 0x17, close: 0x19, resetConnection: 0x1f } as const;

const shapes: ReadonlyMap<number, ResponseShape> = new Map([
  [0x01, 'none'], // quit
  [0x02, 'single'], // init db
  [command.query, 'results'],
  [0x04, 'rows'], // field list
  [0x09, 'single'], // statistics
  [0x0c, 'single'], // process kill
  [0x0e, 'single'], // ping
  [command.prepare, 'prepared'],
  [command.execute, 'results'],
  [0x18, 'none'], // send long data
  [command.close, 'none'],
  [0x1a, 'single'], // reset statement
  [0x1b, 'single'], // set option
  [0x1c, 'rows'], // fetch
  [command.resetConnection, 'single'],
]);

/** What the server answers to a command with; undefined for those that are not passed on: changing the user would need another token, replication another privilege. */
export function shapeOf(code: number): ResponseShape | undefined {
  return shapes.get(code);
}
