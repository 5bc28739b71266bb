import { clientIdAnnotation, writtenClientIdAnnotation } from '../../../src/api/names.ts';
import type { Reason } from '../../../src/api/reasons.ts';
import { annotations, type Change, credential, patch, sql, type Tampering } from './tampering.ts';

/** What the operator must not put right, because it may be somebody else's will: it says so until somebody takes it back. */
export interface RefusedTampering extends Tampering {
  readonly undo: Change;
  readonly reason: Reason;
  /** What the message tells the reader to do. */
  readonly advice: RegExp;
  /** Whether the workload can go on meanwhile, so that only Drifted says so. */
  readonly goesOn?: true;
}

const stranger = '99999999-9999-9999-9999-999999999999';
const foreignMark = `dbaccess/1 ${'f'.repeat(16)} ${'f'.repeat(16)} ${stranger} created live`;

/** The mark is the only proof that a user is ours: without it nobody's is touched (design 1, rules 4 and 5). */
export const refusedTamperings: readonly RefusedTampering[] = [
  {
    what: 'a mark that was taken away',
    change: sql('COMMENT ON ROLE USER IS NULL; ALTER ROLE USER NOLOGIN'),
    undo: { sql: ({ user, mark }) => `COMMENT ON ROLE "${user}" IS '${mark}'; ALTER ROLE "${user}" LOGIN` },
    reason: 'UserNameTaken',
    advice: /set databaseUser.adopt to take it over where a policy allows that/,
  },
  {
    what: 'a mark of another cluster',
    change: sql(`COMMENT ON ROLE USER IS '${foreignMark}'`),
    undo: { sql: ({ user, mark }) => `COMMENT ON ROLE "${user}" IS '${mark}'` },
    reason: 'UserNameTaken',
    advice: /create the connection anew with another databaseUser.name, or have that user removed$/,
  },
  {
    what: 'a remark added to the mark',
    change: { sql: ({ user, mark }) => `COMMENT ON ROLE "${user}" IS '${mark} - ours now'` },
    undo: { sql: ({ user, mark }) => `COMMENT ON ROLE "${user}" IS '${mark}'` },
    reason: 'UserNameTaken',
    advice: /have that user removed$/,
  },
  {
    what: 'a user that became superuser',
    change: sql('ALTER ROLE USER SUPERUSER'),
    undo: sql('ALTER ROLE USER NOSUPERUSER'),
    reason: 'UserNameTaken',
    advice: /have that user removed$/,
  },
  {
    what: 'REPLICATION, which the operator has not',
    change: sql('ALTER ROLE USER REPLICATION'),
    undo: sql('ALTER ROLE USER NOREPLICATION'),
    reason: 'PrivilegeNotRevocable',
    advice: /run ALTER ROLE "[^"]+" NOREPLICATION$/,
    goesOn: true,
  },
  {
    what: 'a membership that a superuser gave',
    change: sql('GRANT pg_checkpoint TO USER'),
    undo: sql('REVOKE pg_checkpoint FROM USER'),
    reason: 'PrivilegeNotRevocable',
    advice: /REVOKE "pg_checkpoint" FROM "[^"]+"/,
    goesOn: true,
  },
  {
    what: 'a client id on the service account that somebody made their own',
    change: annotations({ [clientIdAnnotation]: stranger, [writtenClientIdAnnotation]: null }),
    undo: annotations({ [clientIdAnnotation]: null }),
    reason: 'ServiceAccountNotOwned',
    advice: /remove the annotation, or use another service account$/,
  },
  {
    what: 'another subject of the federated credential',
    change: credential((found) => ({ ...found, subject: `${found.subject}-of-another` })),
    undo: credential(() => undefined),
    reason: 'FederatedCredentialConflict',
    advice: /remove it, then the operator makes it anew$/,
  },
  {
    what: 'a Secret that belongs to somebody else',
    change: patch('secrets', { metadata: { ownerReferences: null } }),
    undo: patch('secrets', undefined),
    reason: 'SecretNotOwned',
    advice: /delete it, or name another one in spec.output.secret.name$/,
  },
];
