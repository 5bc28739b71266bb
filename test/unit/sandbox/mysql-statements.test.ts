import { expect } from 'chai';
import { readAadStatement } from '../../sandbox/mysql/aad-statement.ts';
import { withDefaultRoleFor } from '../../sandbox/mysql/default-role.ts';
import { withServerUuid } from '../../sandbox/mysql/server-variables.ts';
import { throughUserView } from '../../sandbox/mysql/user-view.ts';

describe('reading the statements of Azure’s MySQL', () => {
  const user = { kind: 'create user', ifNotExists: false, host: "'%'" };
  const cases: readonly [string, object | undefined][] = [
    ["CREATE AADUSER 'a' IDENTIFIED BY 'id'", { ...user, name: "'a'", principal: 'a', id: 'id' }],
    [
      '  /* why */ create\n aaduser if not exists `a``b`@\'10.%\' identified by "id" ;',
      { ...user, ifNotExists: true, name: '`a``b`', host: "'10.%'", principal: 'a`b', id: 'id' },
    ],
    ["CREATE AADUSER 'it''s \\'so\\'' AS 'b'", { ...user, name: "'b'", principal: "it's 'so'", id: undefined }],
    ['CREATE AADUSER plain', { ...user, name: 'plain', principal: 'plain', id: undefined }],
    ["CREATE AADUSER 'a' IDENTIFIED BY 'id'; DROP USER b", undefined],
    ["CREATE USER 'a'", undefined],
    ["SELECT 'CREATE AADUSER a'", undefined],
    ['SET aad_auth_validate_oids_in_tenant = OFF', { kind: 'validate ids', on: false }],
    ["set @@session.AAD_AUTH_VALIDATE_OIDS_IN_TENANT:='on'", { kind: 'validate ids', on: true }],
    ['SET aad_auth_validate_oids_in_tenant = OFF, autocommit = 1', undefined],
    ['SET autocommit = 1', undefined],
  ];
  for (const [sql, expected] of cases) {
    it(`reads ${JSON.stringify(sql)}`, () => {
      expect(readAadStatement(sql)).to.deep.equal(expected);
    });
  }
});

describe('reading mysql.user through the view', () => {
  const view = 'mysql.sandbox_user';
  const cases: readonly [string, string][] = [
    ['SELECT * FROM mysql.user', `SELECT * FROM ${view}`],
    ['SELECT * FROM `mysql` . `USER` u', `SELECT * FROM ${view} u`],
    ['SELECT MySQL.User.Host FROM MySQL.User', `SELECT ${view}.Host FROM ${view}`],
    ["SELECT 'mysql.user', 'it''s mysql.user', '\\'mysql.user'", "SELECT 'mysql.user', 'it''s mysql.user', '\\'mysql.user'"],
    ['SELECT "mysql.user", `mysql.user` -- mysql.user', 'SELECT "mysql.user", `mysql.user` -- mysql.user'],
    ['SELECT 1 /* mysql.user */ # mysql.user', 'SELECT 1 /* mysql.user */ # mysql.user'],
    [
      'SELECT * FROM mysql.user_table, mysql.users, xmysql.user, a.mysql.user',
      'SELECT * FROM mysql.user_table, mysql.users, xmysql.user, a.mysql.user',
    ],
    ["SELECT 'a'\nFROM mysql.user -- why\nJOIN mysql.user", `SELECT 'a'\nFROM ${view} -- why\nJOIN ${view}`],
  ];
  for (const [sql, expected] of cases) {
    it(`sends ${JSON.stringify(sql)}`, () => {
      expect(throughUserView(sql)).to.equal(expected);
    });
  }
});

describe('setting the default role', () => {
  const cases: readonly [string, string][] = [
    ["SET DEFAULT ROLE 'a' TO 'u'@'%'", "SET DEFAULT ROLE 'a' FOR 'u'@'%'"],
    ['set default role NONE to `u`', 'set default role NONE FOR `u`'],
    ["SET DEFAULT ROLE ' TO ' TO 'u'@'%'", "SET DEFAULT ROLE ' TO ' FOR 'u'@'%'"],
    ["SET DEFAULT ROLE 'a', 'b' TO 'u'@'%'", "SET DEFAULT ROLE 'a', 'b' TO 'u'@'%'"],
    ["SELECT 'SET DEFAULT ROLE a TO b'", "SELECT 'SET DEFAULT ROLE a TO b'"],
  ];
  for (const [sql, expected] of cases) it(`reads ${sql}`, () => expect(withDefaultRoleFor(sql)).to.equal(expected));
});

describe('reading server_uuid where the engine has none', () => {
  const all = (kind: string) =>
    `SELECT Variable_name, Value FROM (SELECT LOWER(VARIABLE_NAME) AS Variable_name, VARIABLE_VALUE AS Value FROM information_schema.${kind}_VARIABLES UNION ALL SELECT 'server_uuid', 'u') AS v`;
  const cases: readonly [string, string][] = [
    ["SHOW VARIABLES LIKE 'server%'", `${all('SESSION')} WHERE Variable_name LIKE 'server%'`],
    ["show session variables where Variable_name = 'x'", `${all('SESSION')} WHERE Variable_name = 'x'`],
    ["SHOW GLOBAL VARIABLES WHERE Variable_name IN ('x',\n'y')", `${all('GLOBAL')} WHERE Variable_name IN ('x',\n'y')`],
    ['SELECT @@server_uuid, @@global.SERVER_UUID', "SELECT 'u', 'u'"],
    ["SELECT '@@server_uuid', `@@server_uuid` /* @@server_uuid */", "SELECT '@@server_uuid', `@@server_uuid` /* @@server_uuid */"],
    ['SELECT @@server_uuid_other, 1 AS variables', 'SELECT @@server_uuid_other, 1 AS variables'],
    ['SHOW VARIABLES', 'SHOW VARIABLES'],
  ];
  for (const [sql, expected] of cases) {
    it(`sends ${JSON.stringify(sql)}`, () => {
      expect(withServerUuid(sql, 'u')).to.equal(expected);
    });
  }
});
