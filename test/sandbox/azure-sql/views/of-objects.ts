import type { Column, SqlObject, UserType } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { mayDo, maySee, theDatabase } from '../permission-check.ts';
import { bit, datetime, int, maxBytes, nvarchar, type SqlType, type SqlValue, sysname, systemTypes } from '../sql-type.ts';
import type { SystemView } from '../system-views.ts';

const code = { name: 'char', length: 2 } as const;
const word = nvarchar(60);
const tinyint = { name: 'tinyint' } as const;
const typeNames = { U: 'USER_TABLE', V: 'VIEW', P: 'SQL_STORED_PROCEDURE', FN: 'SQL_SCALAR_FUNCTION', SO: 'SEQUENCE_OBJECT' } as const;

const objectColumns: SystemView['columns'] = [
  ...([
    ['name', sysname],
    ['object_id', int],
    ['principal_id', int],
    ['schema_id', int],
    ['parent_object_id', int],
    ['type', code],
  ] as const),
  ...([
    ['type_desc', word],
    ['create_date', datetime],
    ['modify_date', datetime],
    ['is_ms_shipped', bit],
  ] as const),
];

function objectRow({ id, name, owner, schema, type, createdAt }: SqlObject): readonly SqlValue[] {
  return [name, id, owner, schema, 0, type.padEnd(2), typeNames[type], createdAt, createdAt, 0];
}

function visibleObjects({ catalog, principal }: Context): readonly SqlObject[] {
  return [...catalog.objects.values()].filter(({ id }) => maySee(catalog, principal, { kind: 'object', id }));
}

function objectsOf(type: SqlObject['type']): SystemView {
  return {
    columns: objectColumns,
    rows: (context) =>
      visibleObjects(context)
        .filter((each) => each.type === type)
        .map(objectRow),
  };
}

const allObjects: SystemView = { columns: objectColumns, rows: (context) => visibleObjects(context).map(objectRow) };

function idOf({ name }: SqlType): number {
  return systemTypes.find((each) => each.name === name)?.id ?? 0;
}

function userTypeRow({ id, name, schema, owner, base, isNullable }: UserType): readonly SqlValue[] {
  return [name, idOf(base), id, schema, owner, maxBytes(base), Number(isNullable), 1, 0, 0];
}

function columnRow(table: SqlObject, { id, name, type, isNullable, isIdentity }: Column): readonly SqlValue[] {
  return [
    table.id,
    name,
    id,
    idOf(type),
    idOf(type),
    maxBytes(type),
    type.precision ?? 0,
    type.scale ?? 0,
    Number(isNullable),
    Number(isIdentity),
    0,
  ];
}

/** Modules show their text to those with VIEW DEFINITION alone. */
function moduleRows(context: Context): readonly (readonly SqlValue[])[] {
  const { catalog, principal } = context;
  const sees = (id: number) => mayDo(catalog, principal, 'VIEW DEFINITION', { kind: 'object', id });
  const objects = visibleObjects(context).flatMap(({ id, module }) =>
    module ? [[id, sees(id) ? module.definition : null, 1, 1, module.executeAs]] : [],
  );
  const triggers = mayDo(catalog, principal, 'VIEW DEFINITION', theDatabase)
    ? [...catalog.triggers.values()].map(({ id, module }) => [id, module.definition, 1, 1, module.executeAs])
    : [];
  return [...objects, ...triggers];
}

/** https://learn.microsoft.com/sql/relational-databases/system-catalog-views/object-catalog-views-transact-sql */
export const objectViews: Readonly<Record<string, SystemView>> = {
  'sys.objects': allObjects,
  'sys.all_objects': allObjects,
  'sys.tables': objectsOf('U'),
  'sys.views': objectsOf('V'),
  'sys.procedures': objectsOf('P'),
  'sys.sequences': objectsOf('SO'),
  'sys.columns': {
    columns: [
      ...([
        ['object_id', int],
        ['name', sysname],
        ['column_id', int],
        ['system_type_id', tinyint],
        ['user_type_id', int],
        ['max_length', { name: 'smallint' }],
      ] as const),
      ...([
        ['precision', tinyint],
        ['scale', tinyint],
        ['is_nullable', bit],
        ['is_identity', bit],
        ['is_computed', bit],
      ] as const),
    ],
    rows: (context) => visibleObjects(context).flatMap((table) => table.columns.map((each) => columnRow(table, each))),
  },
  'sys.types': {
    columns: [
      ...([
        ['name', sysname],
        ['system_type_id', tinyint],
        ['user_type_id', int],
        ['schema_id', int],
        ['principal_id', int],
      ] as const),
      ...([
        ['max_length', { name: 'smallint' }],
        ['is_nullable', bit],
        ['is_user_defined', bit],
        ['is_assembly_type', bit],
        ['is_table_type', bit],
      ] as const),
    ],
    rows: ({ catalog, principal }) => [
      ...systemTypes.map(({ name, id, bytes }) => [name, id, id, 4, null, bytes, 1, 0, 0, 0]),
      ...[...catalog.types.values()].filter(({ id }) => maySee(catalog, principal, { kind: 'type', id })).map(userTypeRow),
    ],
  },
  'sys.sql_modules': {
    columns: [
      ['object_id', int],
      ['definition', nvarchar('max')],
      ['uses_ansi_nulls', bit],
      ['uses_quoted_identifier', bit],
      ['execute_as_principal_id', int],
    ],
    rows: moduleRows,
  },
  'sys.triggers': {
    columns: [
      ...([
        ['name', sysname],
        ['object_id', int],
        ['parent_class', tinyint],
        ['parent_class_desc', word],
        ['parent_id', int],
        ['type', code],
        ['type_desc', word],
      ] as const),
      ...([
        ['create_date', datetime],
        ['modify_date', datetime],
        ['is_ms_shipped', bit],
        ['is_disabled', bit],
        ['is_not_for_replication', bit],
        ['is_instead_of_trigger', bit],
      ] as const),
    ],
    rows: ({ catalog, principal }) =>
      mayDo(catalog, principal, 'VIEW DEFINITION', theDatabase) || mayDo(catalog, principal, 'ALTER ANY DATABASE DDL TRIGGER', theDatabase)
        ? [...catalog.triggers.values()].map(({ id, name, isDisabled, createdAt }) => [
            name,
            id,
            0,
            'DATABASE',
            0,
            'TR',
            'SQL_TRIGGER',
            createdAt,
            createdAt,
            0,
            Number(isDisabled),
            0,
            0,
          ])
        : [],
  },
  'sys.trigger_events': {
    columns: [
      ['object_id', int],
      ['type', int],
      ['type_desc', word],
      ['is_trigger_event', bit],
    ],
    rows: ({ catalog }) =>
      [...catalog.triggers.values()].flatMap(({ id, events }) => events.map((each, index) => [id, 10_000 + index, each, 1])),
  },
  'information_schema.tables': {
    columns: [
      ['TABLE_CATALOG', sysname],
      ['TABLE_SCHEMA', sysname],
      ['TABLE_NAME', sysname],
      ['TABLE_TYPE', { name: 'varchar', length: 10 }],
    ],
    rows: (context) =>
      visibleObjects(context).flatMap(({ type, schema, name }) =>
        type === 'U' || type === 'V'
          ? [[context.session.database.name, context.catalog.schemas.get(schema)?.name ?? null, name, type === 'U' ? 'BASE TABLE' : 'VIEW']]
          : [],
      ),
  },
};
