import pg from 'pg';

/** [U] Whether an administrator may take a label away with `IS NULL`; the service's page does not say. */
export type LabelNull = 'allowed' | 'refused';

/** An object of the tenant, as the server finds it when a principal is made. */
export interface Principal {
  readonly objectId: string;
  readonly kind: 'service' | 'user' | 'group';
}

const guid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** The call that stands for `SECURITY LABEL FOR pgaadauth ON ROLE … IS …`; `role` and `label` are SQL expressions of type text. */
export function labelCall(role: string, label: string): string {
  return `pg_catalog.sandbox_label_role(current_user, ${role}, ${label})`;
}

/**
 * Statements for every database. No label provider can be loaded without C, so a function writes pg_shseclabel itself: readers see
 * what they would on Azure, DROP ROLE takes the label away, RENAME keeps it. The function checks what the server checks for
 * SECURITY LABEL (PostgreSQL, check_object_ownership in src/backend/catalog/objectaddress.c). It lives in pg_catalog, so that no schema
 * more than on Azure is there to be seen.
 */
export function installLabels({ labelNull }: { readonly labelNull: LabelNull }): readonly string[] {
  return [
    'SET allow_system_table_mods = on',
    `CREATE FUNCTION pg_catalog.sandbox_store_label(target oid, new_label text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET allow_system_table_mods = on AS $function$
BEGIN
  IF new_label IS NULL THEN
    DELETE FROM pg_shseclabel WHERE objoid = target AND classoid = 'pg_authid'::regclass AND provider = 'pgaadauth';
    RETURN;
  END IF;
  IF new_label !~* '^aadauth,oid=${guid},type=(service|user|group)(,admin)?(,mfa)?$' THEN
    RAISE invalid_parameter_value USING MESSAGE = format('invalid security label "%s"', new_label);
  END IF;
  UPDATE pg_shseclabel SET label = new_label WHERE objoid = target AND classoid = 'pg_authid'::regclass AND provider = 'pgaadauth';
  IF NOT FOUND THEN
    INSERT INTO pg_shseclabel (objoid, classoid, provider, label) VALUES (target, 'pg_authid'::regclass, 'pgaadauth', new_label);
  END IF;
END
$function$`,
    'REVOKE EXECUTE ON FUNCTION pg_catalog.sandbox_store_label(oid, text) FROM PUBLIC',
    `CREATE FUNCTION pg_catalog.sandbox_label_role(caller name, role_name text, new_label text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
  acting pg_authid;
  target pg_authid;
BEGIN
  IF caller <> session_user AND NOT pg_has_role(session_user, caller, 'SET') THEN
    RAISE insufficient_privilege USING MESSAGE = 'permission denied';
  END IF;
  SELECT * INTO acting FROM pg_authid WHERE rolname = caller;
  SELECT * INTO target FROM pg_authid WHERE rolname = role_name;
  IF NOT FOUND THEN
    RAISE undefined_object USING MESSAGE = format('role "%s" does not exist', role_name);
  END IF;
  IF NOT acting.rolsuper THEN
    IF target.rolsuper THEN
      RAISE insufficient_privilege USING MESSAGE = 'permission denied', DETAIL = 'The current user must have the SUPERUSER attribute.';
    ELSIF NOT acting.rolcreaterole THEN
      RAISE insufficient_privilege USING MESSAGE = 'permission denied', DETAIL = 'The current user must have the CREATEROLE attribute.';
    ELSIF NOT pg_has_role(acting.oid, target.oid, 'MEMBER WITH ADMIN OPTION') THEN
      RAISE insufficient_privilege USING MESSAGE = 'permission denied',
        DETAIL = format('The current user must have the ADMIN option on role "%s".', role_name);
    ELSIF new_label IS NULL AND ${labelNull === 'refused'} THEN
      RAISE insufficient_privilege USING MESSAGE = 'permission denied to remove the security label';
    END IF;
  END IF;
  PERFORM sandbox_store_label(target.oid, new_label);
END
$function$`,
  ];
}

/**
 * Statements for database `postgres`, the only one with these functions. Signatures and texts are those of
 * MicrosoftDocs/azure-databases-docs articles/postgresql/security/security-manage-entra-users.md and of public transcripts.
 * Schema sandbox is closed to everybody but the superuser.
 */
export function installPrincipals({ tenantId }: { readonly tenantId: string }): readonly string[] {
  return [
    'SET allow_system_table_mods = on',
    'CREATE SCHEMA sandbox',
    'CREATE TABLE sandbox.principals (object_id text PRIMARY KEY, kind text NOT NULL)',
    'CREATE TABLE sandbox.administrators (object_id text PRIMARY KEY, role oid NOT NULL)',
    `CREATE FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
  actual text;
BEGIN
  IF NOT EXISTS (SELECT FROM pgaadauth_list_principals(true) p WHERE p.rolname = session_user) THEN
    RAISE insufficient_privilege USING MESSAGE = 'permission denied: only Microsoft Entra administrators can create Microsoft Entra roles';
  END IF;
  IF octet_length(rolename) > 63 THEN
    RAISE name_too_long USING MESSAGE = format('role name "%s" is longer than 63 bytes', rolename);
  END IF;
  EXECUTE format('CREATE ROLE %I LOGIN', rolename);
  SELECT kind INTO actual FROM sandbox.principals WHERE object_id = lower(objectid);
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'XX000',
      MESSAGE = format('Could not validate AAD user %s because its name is not found in the tenant.', objectid);
  END IF;
  IF actual <> objecttype THEN
    RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = format(
      'incorrect object type provided for principal, given object type: ''%s'', actual object type: ''%s''', objecttype, actual);
  END IF;
  PERFORM sandbox_store_label((SELECT oid FROM pg_roles r WHERE r.rolname = rolename), concat('aadauth,oid=', lower(objectid), ',type=', objecttype,
    CASE WHEN isadmin THEN ',admin' END, CASE WHEN ismfa THEN ',mfa' END));
  IF isadmin THEN
    EXECUTE format('ALTER ROLE %I CREATEROLE CREATEDB', rolename);
    EXECUTE format('GRANT azure_pg_admin TO %I', rolename);
  END IF;
  EXECUTE format('GRANT %I TO %I WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', rolename, session_user);
  RETURN format('Created role for "%s"', rolename);
END
$function$`,
    `CREATE FUNCTION pg_catalog.pgaadauth_list_principals(isadminvalue boolean)
RETURNS TABLE (rolname text, principaltype text, objectid text, tenantid text, ismfa int, isadmin int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
  SELECT r.rolname, substring(l.label from ',type=([a-z]+)'), substring(l.label from ',oid=([0-9A-Fa-f-]+)'), ${pg.escapeLiteral(tenantId)},
         (l.label ~ ',mfa')::int, (l.label ~ ',admin')::int
  FROM pg_shseclabel l JOIN pg_roles r ON r.oid = l.objoid
  WHERE l.classoid = 'pg_authid'::regclass AND l.provider = 'pgaadauth' AND (NOT isadminvalue OR l.label ~ ',admin')
$function$`,
  ];
}

/** Replaces what the server can find in its tenant; $1 is a JSON array of Principal. Needs database postgres. */
export const principalsStatement = `WITH known AS (SELECT lower(p->>'objectId') AS object_id, p->>'kind' AS kind FROM jsonb_array_elements($1::jsonb) p),
  gone AS (DELETE FROM sandbox.principals WHERE object_id NOT IN (SELECT object_id FROM known))
  INSERT INTO sandbox.principals SELECT * FROM known ON CONFLICT (object_id) DO UPDATE SET kind = excluded.kind`;
