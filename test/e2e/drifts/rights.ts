import type { ConnectionSpec } from '../../../src/api/spec.ts';
import { database, team } from './playground.ts';
import { type Drift, sql } from './tampering.ts';

const readOnly = (spec: ConnectionSpec) => {
  spec.access.profile = 'ReadOnly';
};

/** Rights that are taken away or given. */
export const rightDrifts: readonly Drift[] = [
  {
    what: 'a missing right on a table',
    change: sql('REVOKE INSERT ON public.things FROM USER'),
    steps: ['grant'],
    note: /^GRANT INSERT ON TABLE "public"."things" TO "[^"]+"$/,
  },
  {
    what: 'a missing right on a sequence',
    change: sql('REVOKE USAGE ON SEQUENCE public.tickets FROM USER'),
    steps: ['grant'],
    note: /^GRANT USAGE ON SEQUENCE "public"."tickets" TO "[^"]+"$/,
  },
  {
    what: 'a missing right on a schema',
    change: sql('REVOKE USAGE ON SCHEMA public FROM USER'),
    steps: ['grant'],
    note: /^GRANT USAGE ON SCHEMA "public" TO "[^"]+"$/,
  },
  {
    what: 'a missing right on the database',
    change: sql(`REVOKE CONNECT ON DATABASE ${database} FROM USER`),
    steps: ['grant'],
    note: /^GRANT CONNECT ON DATABASE "tampered" TO "[^"]+"$/,
  },
  {
    what: 'a missing right on future tables',
    change: sql('ALTER DEFAULT PRIVILEGES FOR ROLE azure_pg_admin IN SCHEMA public REVOKE SELECT ON TABLES FROM USER'),
    steps: ['grant-default'],
    note: /^ALTER DEFAULT PRIVILEGES FOR ROLE "azure_pg_admin" IN SCHEMA "public" GRANT SELECT ON TABLES TO "[^"]+"$/,
  },
  {
    what: 'a missing membership',
    spec: (spec) => {
      spec.access.roles = [team];
    },
    change: sql(`REVOKE ${team} FROM USER GRANTED BY "passwordless-operator"`),
    steps: ['grant-membership'],
    note: /^GRANT "drift_team" TO "[^"]+"/,
  },
  {
    what: 'several missing rights at once',
    change: sql(`REVOKE DELETE ON public.things FROM USER; REVOKE SELECT ON SEQUENCE public.tickets FROM USER`),
    steps: ['grant', 'grant'],
    note: /GRANT DELETE ON TABLE "public"."things" TO "[^"]+"/,
  },

  {
    what: 'one right too many on a table',
    change: sql('GRANT TRUNCATE ON public.things TO USER'),
    steps: ['revoke'],
    note: /^REVOKE TRUNCATE ON TABLE "public"."things" FROM "[^"]+"/,
  },
  {
    what: 'a right on a table of another schema',
    change: sql('GRANT SELECT ON closed.papers TO USER'),
    steps: ['revoke'],
    note: /^REVOKE SELECT ON TABLE "closed"."papers" FROM "[^"]+"/,
  },
  {
    what: 'a right on a column',
    spec: readOnly,
    change: sql('GRANT UPDATE (id) ON public.things TO USER'),
    steps: ['revoke'],
    note: /^REVOKE UPDATE \("id"\) ON TABLE "public"."things" FROM "[^"]+"/,
  },
  {
    what: 'one right too many on a schema',
    change: sql('GRANT CREATE ON SCHEMA closed TO USER'),
    steps: ['revoke'],
    note: /^REVOKE CREATE ON SCHEMA "closed" FROM "[^"]+"/,
  },
  {
    what: 'one right too many on the database',
    change: sql(`GRANT TEMPORARY ON DATABASE ${database} TO USER`),
    steps: ['revoke'],
    note: /^REVOKE TEMPORARY ON DATABASE "tampered" FROM "[^"]+"/,
  },
  {
    what: 'one right too many on a sequence',
    change: sql('GRANT UPDATE ON SEQUENCE public.tickets TO USER'),
    steps: ['revoke'],
    note: /^REVOKE UPDATE ON SEQUENCE "public"."tickets" FROM "[^"]+"/,
  },
  {
    what: 'a right on a function',
    change: sql('GRANT EXECUTE ON FUNCTION public.draw() TO USER'),
    steps: ['revoke'],
    note: /^REVOKE EXECUTE ON ROUTINE "public"."draw"\(\) FROM "[^"]+"/,
  },
  {
    what: 'one right too many on future tables',
    change: sql('ALTER DEFAULT PRIVILEGES FOR ROLE azure_pg_admin IN SCHEMA public GRANT TRIGGER ON TABLES TO USER'),
    steps: ['revoke-default'],
    note: /^ALTER DEFAULT PRIVILEGES FOR ROLE "azure_pg_admin" IN SCHEMA "public" REVOKE TRIGGER ON TABLES FROM "[^"]+"/,
  },
  {
    what: 'a right that may be passed on',
    change: sql('GRANT SELECT ON public.things TO USER WITH GRANT OPTION'),
    steps: ['revoke', 'grant'],
    note: /^REVOKE SELECT ON TABLE "public"."things" FROM "[^"]+" CASCADE; GRANT SELECT ON TABLE "public"."things" TO "[^"]+"$/,
  },
  {
    what: 'one membership too many',
    change: sql(`GRANT ${team} TO USER GRANTED BY "passwordless-operator"`),
    steps: ['revoke-membership'],
    note: /^REVOKE "drift_team" FROM "[^"]+"/,
  },
];
