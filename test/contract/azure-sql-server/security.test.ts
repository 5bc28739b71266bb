import { expect } from 'chai';
import { operator, other, ShopSql, shop, sidOf } from './shop-sql.ts';
import type { TediousClient } from './tedious-client.ts';

describe('the security catalog of the sandbox’s Azure SQL', function () {
  this.timeout(20_000);
  let sql: ShopSql;
  let dbo: TediousClient;
  let asShop: TediousClient;

  before(async () => {
    sql = await ShopSql.start();
  });

  beforeEach(async () => {
    // each test begins with a database of its own
    const { engine } = sql.started;
    if (engine.database('orders')) engine.dropDatabase('orders');
    engine.createDatabase('orders');
    dbo = await sql.logIn(operator);
    await dbo.run(
      `CREATE USER [shop] WITH SID = ${sidOf(shop)}, TYPE = E`,
      'CREATE SCHEMA [audit]',
      'CREATE TABLE items (id int PRIMARY KEY, name nvarchar(20))',
      'CREATE TABLE audit.log (id int, text nvarchar(20))',
      "INSERT INTO items VALUES (1, N'cup')",
      'CREATE PROCEDURE dbo.count_log AS SELECT COUNT(*) AS n FROM audit.log',
      'CREATE VIEW dbo.names AS SELECT name FROM items',
    );
    asShop = await sql.logIn(shop);
  });
  afterEach(() => sql.clear());
  after(() => sql.stop());

  /** What the user may do, tried. */
  async function abilities(client: TediousClient): Promise<string> {
    const tries = {
      read: 'SELECT name FROM items',
      insert: "INSERT INTO items VALUES (2, N'pot')",
      update: "UPDATE items SET name = N'mug'",
      delete: 'DELETE FROM items WHERE id = 2',
      audit: 'SELECT * FROM audit.log',
      run: 'EXEC count_log',
      view: 'SELECT * FROM names',
      create: 'CREATE TABLE fresh (id int)',
      drop: 'DROP TABLE fresh',
      user: 'CREATE USER friend WITHOUT LOGIN',
    };
    const able: string[] = [];
    for (const [name, statement] of Object.entries(tries))
      if ((await client.errorsOf(`BEGIN TRANSACTION; ${statement}; ROLLBACK`)).length === 0 && name !== 'drop') able.push(name);
    return able.join(' ');
  }

  const profiles: readonly [string, readonly string[], string][] = [
    ['nothing', [], ''],
    ['db_datareader', ['ALTER ROLE [db_datareader] ADD MEMBER [shop]'], 'read audit view'],
    [
      'db_datareader and db_datawriter',
      ['ALTER ROLE [db_datareader] ADD MEMBER [shop]', 'ALTER ROLE [db_datawriter] ADD MEMBER [shop]'],
      'read insert update delete audit view',
    ],
    ['db_datawriter alone, which can’t say WHERE', ['ALTER ROLE [db_datawriter] ADD MEMBER [shop]'], 'insert update'],
    ['db_ddladmin', ['ALTER ROLE [db_ddladmin] ADD MEMBER [shop]'], 'create'],
    ['db_owner', ['ALTER ROLE [db_owner] ADD MEMBER [shop]'], 'read insert update delete audit run view create user'],
    ['CONTROL on the database', ['GRANT CONTROL ON DATABASE::[orders] TO [shop]'], 'read insert update delete audit run view create user'],
    ['SELECT on one schema', ['GRANT SELECT ON SCHEMA::[audit] TO [shop]'], 'audit'],
    ['SELECT on a view, whose owner owns the table', ['GRANT SELECT ON dbo.names TO [shop]'], 'view'],
    ['EXECUTE on a procedure, whose owner owns the table', ['GRANT EXECUTE ON OBJECT::dbo.count_log TO [shop]'], 'run'],
    ['EXECUTE on the database', ['GRANT EXECUTE TO [shop]'], 'run'],
    ['SELECT for everybody', ['GRANT SELECT ON items TO public'], 'read'],
    [
      'SELECT by a role in a role',
      [
        'CREATE ROLE outer_role',
        'CREATE ROLE inner_role',
        'ALTER ROLE outer_role ADD MEMBER inner_role',
        'ALTER ROLE inner_role ADD MEMBER [shop]',
        'GRANT SELECT ON items TO outer_role',
      ],
      'read',
    ],
    ['CREATE TABLE without a schema to put it in', ['GRANT CREATE TABLE TO [shop]'], ''],
    ['CREATE TABLE and ALTER on the schema', ['GRANT CREATE TABLE TO [shop]', 'GRANT ALTER ON SCHEMA::dbo TO [shop]'], 'create'],
    [
      'a denial that wins over db_owner',
      ['ALTER ROLE [db_owner] ADD MEMBER [shop]', 'DENY SELECT ON items TO [shop]'],
      'insert update audit run view create user',
    ],
    ['a denial for everybody', ['ALTER ROLE [db_datareader] ADD MEMBER [shop]', 'DENY SELECT ON SCHEMA::audit TO public'], 'read view'],
    [
      'a denial in a fixed role',
      ['GRANT CONTROL TO [shop]', 'ALTER ROLE [db_denydatawriter] ADD MEMBER [shop]'],
      'read audit run view create user',
    ],
    ['the ownership of a schema', ['ALTER AUTHORIZATION ON SCHEMA::audit TO [shop]'], 'audit'],
  ];
  for (const [what, statements, expected] of profiles) {
    it(`lets a user do no more than it may: ${what}`, async () => {
      await dbo.run(...statements);
      expect(await abilities(asShop)).to.equal(expected);
    });
  }

  it('grants columns, and says which one is denied', async () => {
    await dbo.run('GRANT SELECT ([name]) ON OBJECT::[dbo].[items] TO [shop]');
    expect(await asShop.rows('SELECT name FROM items')).to.deep.equal([{ name: 'cup' }]);
    const { errors } = await asShop.batch('SELECT * FROM items');
    expect(errors).to.deep.equal([
      {
        number: 230,
        state: 1,
        class: 14,
        message: "The SELECT permission was denied on the column 'id' of the object 'items', database 'orders', schema 'dbo'.",
      },
    ]);
    await dbo.run('DENY SELECT ON items TO [shop]', 'GRANT SELECT ON items (name) TO [shop]');
    expect(await asShop.rows('SELECT name FROM items')).to.deep.equal([{ name: 'cup' }]);
  });

  it('runs a module as its owner where it says so', async () => {
    await dbo.run(
      'CREATE PROCEDURE dbo.invite WITH EXECUTE AS OWNER AS BEGIN ALTER ROLE db_owner ADD MEMBER shop; SELECT USER_NAME() AS ran END',
      'GRANT EXECUTE ON dbo.invite TO [shop]',
    );
    expect(await asShop.errorsOf('ALTER ROLE db_owner ADD MEMBER shop')).to.deep.equal([15151]);
    expect(await asShop.rows('EXEC dbo.invite')).to.deep.equal([{ ran: 'dbo' }]);
    expect(await asShop.rows("SELECT IS_MEMBER('db_owner') AS owner, USER_NAME() AS me")).to.deep.equal([{ owner: 1, me: 'shop' }]);
  });

  it('breaks the chain of ownership where the owners differ', async () => {
    await dbo.run(
      `CREATE USER [other] WITH SID = ${sidOf(other)}, TYPE = E`,
      'GRANT EXECUTE ON dbo.count_log TO [shop]',
      'ALTER AUTHORIZATION ON OBJECT::audit.log TO [other]',
    );
    expect(await asShop.errorsOf('EXEC dbo.count_log')).to.deep.equal([229]);
  });

  it('shows nobody what they have no right on', async () => {
    const names = async () =>
      (
        await asShop.rows("SELECT name FROM sys.objects UNION ALL SELECT name FROM sys.database_principals WHERE type = 'E' ORDER BY name")
      ).map(({ name }) => name);
    await dbo.run(`CREATE USER [other] WITH SID = ${sidOf(other)}, TYPE = E`);
    expect(await names()).to.deep.equal(['shop']);
    expect(await asShop.rows("SELECT OBJECT_ID(N'dbo.items') AS id")).to.deep.equal([{ id: null }]);
    await dbo.run('GRANT SELECT ON items TO [shop]');
    expect(await names()).to.deep.equal(['items', 'shop']);
    await dbo.run('GRANT VIEW DEFINITION TO [shop]');
    expect(await names()).to.deep.equal(['count_log', 'items', 'log', 'names', 'other', 'shop']);
  });

  it('shows sessions of others to those with VIEW DATABASE STATE', async () => {
    const count = async () => (await asShop.rows('SELECT COUNT(*) AS n FROM sys.dm_exec_sessions'))[0]?.['n'];
    expect(await count()).to.equal(1);
    expect(await asShop.errorsOf('KILL 60')).to.deep.equal([6102]);
    await dbo.run('GRANT VIEW DATABASE STATE TO [shop]');
    expect(await count()).to.equal(2);
    expect(
      await dbo.rows(`SELECT original_login_name AS name FROM sys.dm_exec_sessions WHERE SUBSTRING(security_id, 1, 16) = ${sidOf(shop)}`),
    ).to.deep.equal([{ name: `${shop.clientId}@7f0e8f5c-0000-4000-8000-000000000000` }]);
  });

  it('serves no session whose user is gone', async () => {
    await dbo.run('DROP USER [shop]');
    expect(await asShop.errorsOf('SELECT 1')).to.deep.equal([916]);
    await dbo.run(`CREATE USER [shop] WITH SID = ${sidOf(other)}, TYPE = E`);
    expect(await asShop.errorsOf('SELECT 1')).to.deep.equal([916]);
  });

  const refusals: readonly [string, readonly string[], string, number][] = [
    ['a user of a name that is taken, in other letters', [], 'CREATE USER [SHOP] WITHOUT LOGIN', 15023],
    ['a second user of one identity', [], `CREATE USER [again] WITH SID = ${sidOf(shop)}, TYPE = E`, 15063],
    ['a user of a role’s name', [], 'CREATE USER [db_owner] WITHOUT LOGIN', 15023],
    ['a SID of another length', [], 'CREATE USER [short] WITH SID = 0x0102, TYPE = E', 15419],
    ['a user that must be looked up', [], 'CREATE USER [app] FROM EXTERNAL PROVIDER', 33134],
    ['a user of another kind', [], `CREATE USER [app] WITH SID = ${sidOf(other)}, TYPE = S`, 102],
    ['dropping who is not there', [], 'DROP USER [nobody]', 15151],
    ['dropping dbo', [], 'DROP USER [dbo]', 15150],
    [
      'dropping the owner of an object',
      ['ALTER AUTHORIZATION ON OBJECT::items TO [shop]', 'ALTER AUTHORIZATION ON SCHEMA::audit TO [shop]'],
      'DROP USER [shop]',
      15183,
    ],
    [
      'dropping the owner of a type',
      ['CREATE TYPE dbo.code FROM int', 'ALTER AUTHORIZATION ON TYPE::dbo.code TO [shop]'],
      'DROP USER [shop]',
      15184,
    ],
    ['dropping the owner of a schema', ['ALTER AUTHORIZATION ON SCHEMA::audit TO [shop]'], 'DROP USER [shop]', 15138],
    ['dropping the owner of a role', ['CREATE ROLE team AUTHORIZATION [shop]'], 'DROP USER [shop]', 15421],
    [
      'dropping who has granted',
      ['CREATE ROLE team', 'GRANT SELECT ON items TO [shop] WITH GRANT OPTION', 'GRANT SELECT ON items TO team AS [shop]'],
      'DROP USER [shop]',
      15284,
    ],
    ['dropping who a module runs as', ["CREATE PROCEDURE dbo.p WITH EXECUTE AS 'shop' AS SELECT 1"], 'DROP USER [shop]', 15136],
    ['a role that is not there', [], 'ALTER ROLE [nowhere] ADD MEMBER [shop]', 15151],
    ['a member that is not there', [], 'ALTER ROLE [db_datareader] ADD MEMBER [nobody]', 15151],
    ['taking out who is not in', [], 'ALTER ROLE [db_datareader] DROP MEMBER [shop]', 15151],
    ['a role in itself', ['CREATE ROLE a', 'CREATE ROLE b', 'ALTER ROLE a ADD MEMBER b'], 'ALTER ROLE b ADD MEMBER a', 15413],
    ['members of public', [], 'ALTER ROLE [public] ADD MEMBER [shop]', 15081],
    ['dropping a role with members', ['CREATE ROLE team', 'ALTER ROLE team ADD MEMBER [shop]'], 'DROP ROLE team', 15144],
    ['a grant to nobody', [], 'GRANT SELECT TO [nobody]', 15151],
    ['a grant on nothing', [], 'GRANT SELECT ON SCHEMA::[nowhere] TO [shop]', 15151],
    ['a grant on another database', [], 'GRANT CONTROL ON DATABASE::[master] TO [shop]', 4610],
    ['a grant to a fixed role', [], 'GRANT SELECT TO [db_datareader]', 4617],
    ['a grant to dbo', [], 'GRANT SELECT TO [dbo]', 4624],
    ['a right that tables do not have', [], 'GRANT EXECUTE ON items TO [shop]', 4606],
    ['a right that nothing has', [], 'GRANT JUGGLE TO [shop]', 102],
    ['revoking what may be passed on', ['GRANT SELECT ON items TO [shop] WITH GRANT OPTION'], 'REVOKE SELECT ON items FROM [shop]', 4611],
    ['an owner that is not there', [], 'ALTER AUTHORIZATION ON SCHEMA::audit TO [nobody]', 15151],
    ['a schema that is there', [], 'CREATE SCHEMA [Audit]', 2714],
    ['a schema behind another statement', [], 'SELECT 1; CREATE SCHEMA other', 111],
    ['dropping a schema that holds something', [], 'DROP SCHEMA [audit]', 3729],
    [
      'a second mark',
      ["EXEC sys.sp_addextendedproperty @name = N'mark', @value = N'1', @level0type = N'USER', @level0name = N'shop'"],
      "EXEC sys.sp_addextendedproperty N'mark', N'2', N'USER', N'shop'",
      15233,
    ],
    ['a mark on nobody', [], "EXEC sys.sp_addextendedproperty N'mark', N'1', N'USER', N'nobody'", 15135],
    ['changing a mark that is not there', [], "EXEC sys.sp_updateextendedproperty N'mark', N'1', N'USER', N'shop'", 15217],
    ['a session that is not there', [], 'KILL 32000', 6106],
    ['killing in a transaction', [], 'BEGIN TRANSACTION; KILL 32000', 6115],
    ['another database', [], 'USE [master]', 40508],
    ['a table that is not there', [], 'SELECT * FROM nowhere', 208],
    ['a column that is not there', [], 'SELECT nothing FROM items', 207],
    ['a procedure that is not there', [], 'EXEC nowhere', 2812],
    ['an id that is none', [], "SELECT CAST(N'x' AS uniqueidentifier)", 8169],
    ['NULL where there must be something', [], "INSERT INTO items VALUES (NULL, N'a')", 515],
    ['a text that is too long', [], "INSERT INTO items VALUES (5, REPLICATE(N'x', 21))", 2628],
    ['the same key twice', [], "INSERT INTO items VALUES (1, N'x')", 2627],
    ['a statement that isn’t on the list', [], 'BACKUP DATABASE orders', 102],
    ['an unknown word', [], 'FROBNICATE orders', 102],
  ];
  for (const [what, before, statement, number] of refusals) {
    it(`refuses ${what} with ${number}`, async () => {
      await dbo.run(...before);
      expect(await dbo.errorsOf(statement)).to.deep.equal([number]);
    });
  }

  const notForShop: readonly [string, number][] = [
    ['CREATE USER [x] WITHOUT LOGIN', 15247],
    ['DROP USER [shop]', 15151],
    ['CREATE ROLE [x]', 15247],
    ['ALTER ROLE [db_owner] ADD MEMBER [shop]', 15151],
    ['GRANT SELECT TO [shop]', 4613],
    ['GRANT SELECT ON items TO [shop]', 15151],
    ['GRANT SELECT ON SCHEMA::dbo TO [shop]', 15151],
    ['CREATE TABLE t (id int)', 262],
    ['DROP TABLE items', 3701],
    ['ALTER AUTHORIZATION ON SCHEMA::audit TO [shop]', 15151],
    ["EXEC sys.sp_addextendedproperty N'mark', N'1', N'USER', N'shop'", 15135],
    ["EXECUTE AS USER = 'dbo'", 15517],
    ['CREATE TRIGGER t ON DATABASE FOR CREATE_USER AS ROLLBACK', 15247],
  ];
  for (const [statement, number] of notForShop) {
    it(`refuses a user without rights with ${number}: ${statement}`, async () => {
      expect(await asShop.errorsOf(statement)).to.deep.equal([number]);
    });
  }

  const rightsOf = async () =>
    (
      await dbo.rows(`SELECT d.class AS class, RTRIM(d.type) AS type, RTRIM(d.state) AS state, g.name AS grantor FROM sys.database_permissions AS d
        JOIN sys.database_principals AS g ON g.principal_id = d.grantor_principal_id WHERE d.grantee_principal_id = USER_ID(N'shop') ORDER BY d.class, d.type`)
    ).map(({ class: of, type, state, grantor }) => `${of} ${type} ${state} ${grantor}`);

  it('records who granted what: the owner, or who passes on', async () => {
    await dbo.run(
      `CREATE USER [other] WITH SID = ${sidOf(other)}, TYPE = E`,
      'GRANT SELECT ON items TO [other] WITH GRANT OPTION',
      'ALTER AUTHORIZATION ON SCHEMA::audit TO [other]',
      'GRANT UPDATE ON SCHEMA::audit TO [shop]',
    );
    const asOther = await sql.logIn(other);
    await asOther.run('GRANT SELECT ON items TO [shop]');
    await dbo.run('DENY DELETE ON items TO [shop]');
    expect(await rightsOf()).to.deep.equal(['0 CO G dbo', '1 DL D dbo', '1 SL G other', '3 UP G other']);
    await dbo.run('REVOKE SELECT ON items FROM [shop]');
    expect(await rightsOf(), 'a right that another one gave stays, and nothing is said').to.include('1 SL G other');
    await dbo.run('REVOKE SELECT ON items FROM [shop] AS [other]', 'GRANT DELETE ON items TO [shop]');
    expect(await rightsOf()).to.deep.equal(['0 CO G dbo', '1 DL G dbo', '3 UP G other']);
    await dbo.run('GRANT SELECT ON items TO [shop] AS [other]', 'REVOKE SELECT ON items FROM [other] CASCADE');
    expect(await rightsOf()).to.deep.equal(['0 CO G dbo', '1 DL G dbo', '3 UP G other']);
  });

  it('drops all rights on what gets another owner', async () => {
    await dbo.run('GRANT SELECT ON SCHEMA::audit TO [shop]', 'GRANT INSERT ON audit.log TO [shop]', 'GRANT SELECT ON items TO [shop]');
    await dbo.run('ALTER AUTHORIZATION ON SCHEMA::audit TO [db_owner]');
    expect(await rightsOf()).to.deep.equal(['0 CO G dbo', '1 SL G dbo']);
  });

  it('keeps marks with their users', async () => {
    const marks = async () =>
      (
        await dbo.rows(
          "SELECT CAST(value AS nvarchar(400)) AS mark FROM sys.extended_properties WHERE class = 4 AND name = N'dbaccess.dev/connection'",
        )
      ).map(({ mark }) => mark);
    await dbo.run(
      "EXEC sys.sp_addextendedproperty @name = N'dbaccess.dev/connection', @value = N'{\"a\":1}', @level0type = N'USER', @level0name = N'shop'",
    );
    await dbo.run(
      "EXEC sys.sp_updateextendedproperty @name = N'dbaccess.dev/connection', @value = N'{\"a\":2}', @level0type = N'USER', @level0name = N'shop'",
    );
    expect(await marks()).to.deep.equal(['{"a":2}']);
    await dbo.run('DROP USER [shop]');
    expect(await marks()).to.deep.equal([]);
  });

  it('runs a DDL trigger as who sets it off, in the same transaction', async () => {
    await dbo.run('CREATE TABLE seen (who nvarchar(50))', 'GRANT ALTER ANY DATABASE DDL TRIGGER TO [shop]');
    await asShop.run(
      'CREATE TRIGGER trap ON DATABASE FOR CREATE_USER AS BEGIN INSERT INTO seen VALUES (USER_NAME()); ALTER ROLE db_owner ADD MEMBER shop END',
    );
    await dbo.run('CREATE USER [harmless] WITHOUT LOGIN');
    expect(await dbo.rows("SELECT who, IS_ROLEMEMBER(N'db_owner', N'shop') AS caught FROM seen")).to.deep.equal([
      { who: 'dbo', caught: 1 },
    ]);
    expect(await dbo.rows('SELECT name FROM sys.triggers WHERE parent_class = 0 AND is_disabled = 0')).to.deep.equal([{ name: 'trap' }]);
  });

  it('lets a DDL trigger undo what set it off', async () => {
    await dbo.run('CREATE TRIGGER guard ON DATABASE FOR DDL_DATABASE_LEVEL_EVENTS AS ROLLBACK');
    expect(await dbo.errorsOf('REVOKE CONNECT FROM [shop]; SELECT 1')).to.deep.equal([3609]);
    expect(await rightsOf()).to.deep.equal(['0 CO G dbo']);
    await dbo.run('DISABLE TRIGGER guard ON DATABASE', 'REVOKE CONNECT FROM [shop]');
    expect(await rightsOf()).to.deep.equal([]);
  });

  it('makes users, marks and rights in one transaction or not at all', async () => {
    const making = `SET XACT_ABORT ON; BEGIN TRANSACTION; CREATE USER [late] WITHOUT LOGIN; ALTER ROLE [db_datareader] ADD MEMBER [late]; GRANT SELECT ON SCHEMA::[nowhere] TO [late]; COMMIT`;
    expect(await dbo.errorsOf(making)).to.deep.equal([15151]);
    expect(await dbo.rows("SELECT USER_ID(N'late') AS id, @@TRANCOUNT AS n")).to.deep.equal([{ id: null, n: 0 }]);
  });

  it('tells names by its collation', async () => {
    sql.started.engine.createDatabase('strict', { collation: 'Latin1_General_100_CS_AS' });
    try {
      const strict = await sql.logIn(operator, { database: 'strict' });
      await strict.run('CREATE USER [shop] WITHOUT LOGIN', 'CREATE USER [SHOP] WITHOUT LOGIN');
      expect(await strict.errorsOf('DROP USER [Shop]')).to.deep.equal([15151]);
      expect(await strict.rows("SELECT DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS collation")).to.deep.equal([
        { collation: 'Latin1_General_100_CS_AS' },
      ]);
    } finally {
      sql.started.engine.dropDatabase('strict');
    }
  });
});
