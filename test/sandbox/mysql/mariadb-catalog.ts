/**
 * Statements that give MariaDB the tables about roles and dynamic privileges of MySQL 8, which a reader on Azure finds in schema mysql.
 * Roles have no host in MariaDB. It has no dynamic privileges: what it keeps instead is in mysql.user.
 */
export const tablesOfMysql8: readonly string[] = [
  `CREATE SQL SECURITY DEFINER VIEW mysql.role_edges AS
     SELECT '%' AS FROM_HOST, Role AS FROM_USER, Host AS TO_HOST, User AS TO_USER, Admin_option AS WITH_ADMIN_OPTION FROM mysql.roles_mapping`,
  `CREATE SQL SECURITY DEFINER VIEW mysql.default_roles AS
     SELECT Host AS HOST, User AS USER, '%' AS DEFAULT_ROLE_HOST, default_role AS DEFAULT_ROLE_USER FROM mysql.user WHERE default_role <> ''`,
  `CREATE SQL SECURITY DEFINER VIEW mysql.global_grants AS
     SELECT User AS USER, Host AS HOST, '' AS PRIV, 'N' AS WITH_GRANT_OPTION FROM mysql.user WHERE 1 = 0`,
];
