import { logIn } from '../../support/workload.ts';
import { loginOf } from '../support.ts';
import { database } from './playground.ts';
import { type Drift, label, sql, type Victim } from './tampering.ts';

async function setOwnPassword({ key }: Victim): Promise<void> {
  const { settings, token } = await loginOf(key);
  const session = await logIn(settings, token);
  await session.query("ALTER ROLE CURRENT_USER PASSWORD 'known to the application'");
  await session.end();
}

const stranger = '99999999-9999-9999-9999-999999999999';
const bind =
  /^ALTER ROLE .* NOLOGIN; SECURITY LABEL FOR pgaadauth ON ROLE .*type=service'; ALTER ROLE .* PASSWORD NULL; ALTER ROLE .* LOGIN$/;

/** What is done to the role itself. */
export const userDrifts: readonly Drift[] = [
  {
    what: 'a dropped role',
    spec: (spec) => {
      spec.access.profile = 'ReadOnly';
    },
    change: sql('DROP OWNED BY USER; DROP ROLE USER'),
    steps: ['create-user', 'grant', 'grant', 'grant', 'grant-default', 'grant-default'],
    note: /^(?=SELECT pg_catalog.pgaadauth_create_principal_with_oid)(?=.*GRANT CONNECT)(?=.*GRANT USAGE)(?=.*GRANT SELECT ON TABLE)(?=.*ALTER DEFAULT)/,
  },
  { what: 'a label taken away', change: label(() => null), steps: ['rebind', 'allow-login'], note: bind },
  {
    what: 'a label of another identity',
    change: label(() => `aadauth,oid=${stranger},type=service`),
    steps: ['rebind', 'allow-login'],
    note: bind,
    reason: 'IdentityRebound',
  },
  { what: 'a label of type user', change: label((id) => `aadauth,oid=${id},type=user`), steps: ['rebind', 'allow-login'], note: bind },
  { what: 'a label of type group', change: label((id) => `aadauth,oid=${id},type=group`), steps: ['rebind', 'allow-login'], note: bind },
  {
    what: 'a label that makes it administrator',
    change: label((id) => `aadauth,oid=${id},type=service,admin`),
    steps: ['rebind', 'allow-login'],
    note: bind,
  },
  { what: 'a login taken away', change: sql('ALTER ROLE USER NOLOGIN'), steps: ['allow-login'], note: /^ALTER ROLE .* LOGIN$/ },
  {
    what: 'CREATEROLE and CREATEDB',
    change: sql('ALTER ROLE USER CREATEROLE CREATEDB'),
    steps: ['reset-attributes'],
    note: /^ALTER ROLE .* NOCREATEROLE NOCREATEDB$/,
  },
  {
    what: 'a connection limit of 0',
    change: sql('ALTER ROLE USER CONNECTION LIMIT 0'),
    steps: ['reset-attributes'],
    note: /^ALTER ROLE .* CONNECTION LIMIT -1$/,
  },
  {
    what: 'a setting of the role',
    change: sql('ALTER ROLE USER SET search_path = evil'),
    steps: ['reset-settings'],
    note: /^ALTER ROLE "[^"]+" RESET ALL$/,
  },
  {
    what: 'a setting of the role in one database',
    change: sql(`ALTER ROLE USER IN DATABASE ${database} SET role = 'pg_monitor'`),
    steps: ['reset-settings'],
    note: /^ALTER ROLE "[^"]+" IN DATABASE "tampered" RESET ALL$/,
  },
  {
    what: 'a session that becomes another role',
    change: sql("ALTER ROLE USER SET session_authorization = 'pgadmin'"),
    steps: ['reset-settings'],
    note: /^ALTER ROLE "[^"]+" RESET ALL$/,
  },
  {
    what: 'a password that somebody set',
    change: sql("ALTER ROLE USER PASSWORD 'known to somebody'"),
    steps: ['clear-password'],
    note: /^ALTER ROLE "[^"]+" PASSWORD NULL$/,
  },
  {
    what: 'a password that the application set',
    change: { run: setOwnPassword },
    steps: ['clear-password'],
    note: /^ALTER ROLE "[^"]+" PASSWORD NULL$/,
  },
];
