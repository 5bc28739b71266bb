import { asSuperuser, inTime, sandbox } from '../support.ts';
import { database } from './playground.ts';
import type { Victim } from './tampering.ts';

/** All that a connection's access consists of, as somebody finds it who looks past the operator. */
export async function accessOf({ key, user }: Pick<Victim, 'key' | 'user'>): Promise<unknown> {
  const { controlPlane, world } = await sandbox();
  const { body: secret } = await controlPlane.api.answer('GET', `/api/v1/namespaces/${key.namespace}/secrets/${key.name}`, {}, inTime());
  const account = `/api/v1/namespaces/${key.namespace}/serviceaccounts/app`;
  const { body } = await controlPlane.api.answer('GET', account, {}, inTime());
  const subject = `system:serviceaccount:${key.namespace}:app`;
  return {
    role: await asSuperuser('postgres', readRole, [user]),
    rights: (await asSuperuser<{ text: string }>(database, readRights, [user])).map(({ text }) => text),
    secret: Object.entries<string>(secret.data ?? {}).map(([name, value]) => `${name}=${Buffer.from(value, 'base64')}`),
    annotations: body.metadata?.annotations,
    credentials: world.identities.flatMap(({ name, federatedCredentials }) =>
      federatedCredentials
        .filter((each) => each.subject.startsWith(subject))
        .map(({ effectiveAt: _, ...credential }) => ({ identity: name, ...credential })),
    ),
  };
}

const readRole = `SELECT rolcanlogin, rolcreaterole, rolcreatedb, rolsuper, rolreplication, rolbypassrls, rolconnlimit, rolpassword IS NOT NULL AS "hasPassword",
    shobj_description(a.oid, 'pg_authid') AS mark,
    (SELECT label FROM pg_shseclabel WHERE objoid = a.oid AND classoid = 'pg_authid'::regclass) AS label,
    (SELECT json_agg(json_build_array(setdatabase, setconfig) ORDER BY setdatabase) FROM pg_db_role_setting WHERE setrole = a.oid) AS settings
  FROM pg_authid a WHERE rolname = $1`;

const readRights = `SELECT format('%s on %s by %s %s', a.privilege_type, name, a.grantor::regrole, a.is_grantable) AS text
  FROM (SELECT 'database' AS name, datacl AS acl FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT 'schema ' || nspname, nspacl FROM pg_namespace
    UNION ALL SELECT oid::regclass::text, relacl FROM pg_class
    UNION ALL SELECT format('%s.%s', attrelid::regclass, attname), attacl FROM pg_attribute
    UNION ALL SELECT oid::regprocedure::text, proacl FROM pg_proc
    UNION ALL SELECT format('future %s of %s in %s', defaclobjtype, defaclrole::regrole, defaclnamespace::regnamespace), defaclacl FROM pg_default_acl
  ) o, aclexplode(acl) a WHERE a.grantee::regrole::text = quote_ident($1)
  UNION ALL SELECT format('member of %s by %s %s %s %s', roleid::regrole, grantor::regrole, admin_option, inherit_option, set_option)
  FROM pg_auth_members WHERE member::regrole::text = quote_ident($1) ORDER BY 1`;
