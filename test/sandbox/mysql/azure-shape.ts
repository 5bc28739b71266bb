import { escapeId, escape as literal } from 'mysql2';

/** The superuser of Azure's servers, which no customer can log in as. */
export const superuser = 'azure_superuser';
/** The administrator with a password that a server is made with. */
export const passwordAdministrator = 'mysqladmin';

/** https://learn.microsoft.com/azure/mysql/flexible-server/security-how-to-create-users */
const common = [
  ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'RELOAD', 'PROCESS', 'REFERENCES', 'INDEX', 'ALTER', 'SHOW DATABASES'],
  ...['CREATE TEMPORARY TABLES', 'LOCK TABLES', 'EXECUTE', 'REPLICATION SLAVE', 'REPLICATION CLIENT', 'CREATE VIEW', 'SHOW VIEW'],
  ...['CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE USER', 'EVENT', 'TRIGGER'],
];
const ofEngine = {
  MySQL: ['CREATE ROLE', 'DROP ROLE', 'REPLICATION_APPLIER', 'ROLE_ADMIN', 'SESSION_VARIABLES_ADMIN', 'SHOW_ROUTINE', 'XA_RECOVER_ADMIN'],
  // part of ALL on a database there, which Azure's administrators can grant
  MariaDB: ['DELETE HISTORY'],
} as const;

/** Whose dialect and numbers of errors the engine speaks. */
export type EngineKind = keyof typeof ofEngine;

/** Statements that leave a fresh engine with one superuser, who has this password. One statement, one line. */
export function superuserOnly(password: string): readonly string[] {
  const accounts = ['localhost', '127.0.0.1'].map((host) => `${literal(superuser)}@${literal(host)}`);
  return [
    ...accounts.map((account) => `CREATE USER ${account} IDENTIFIED BY ${literal(password)}`),
    ...accounts.map((account) => `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION`),
    ...['localhost', '127.0.0.1', '::1'].map((host) => `DROP USER IF EXISTS 'root'@${literal(host)}`),
  ];
}

/** What every administrator holds: no SUPER, CONNECTION_ADMIN, SYSTEM_USER or SET_ANY_DEFINER. */
export function administratorGrant(user: string, engine: EngineKind): string {
  return `GRANT ${[...common, ...ofEngine[engine]].join(', ')} ON *.* TO ${literal(user)}@'%' WITH GRANT OPTION`;
}

export function passwordAdministratorStatements(password: string, engine: EngineKind): readonly string[] {
  return [
    `CREATE USER ${literal(passwordAdministrator)}@'%' IDENTIFIED BY ${literal(password)}`,
    administratorGrant(passwordAdministrator, engine),
  ];
}

/** How administrators end sessions of others: https://learn.microsoft.com/azure/mysql/flexible-server/concepts-built-in-store-procedure */
export const killProcedure = `CREATE DEFINER = ${literal(superuser)}@'localhost' PROCEDURE mysql.az_kill(IN id BIGINT UNSIGNED) SQL SECURITY DEFINER
BEGIN
  IF EXISTS (SELECT 1 FROM information_schema.PROCESSLIST p WHERE p.ID = id AND p.USER = ${literal(superuser)}) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1095, MESSAGE_TEXT = 'You are not owner of this thread';
  END IF;
  KILL id;
END`;

/** The statement that makes a database as ARM does. */
export function createDatabase(name: string): string {
  return `CREATE DATABASE ${escapeId(name, true)} CHARACTER SET utf8mb4`;
}
