import { Connection, Request } from 'tedious';

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly token: string;
  /** Certificates to trust, in PEM. */
  readonly ca: string;
}

/** A session of the driver that most applications on Node use. */
export class SqlClient {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Logs in. Throws an error with the server's number where that refuses it. */
  static async open({ host, port, database, token, ca }: ClientOptions): Promise<SqlClient> {
    const connection = new Connection({
      server: host,
      authentication: { type: 'azure-active-directory-access-token', options: { token } },
      options: { port, database, encrypt: true, cryptoCredentialsDetails: { ca }, maxRetriesOnTransientErrors: 0, connectTimeout: 10_000 },
    });
    let number: number | undefined;
    connection.on('errorMessage', (told) => {
      number ??= told.number;
    });
    connection.on('error', () => {});
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    connection.connect((error) => (error ? reject(Object.assign(new Error(error.message), { number })) : resolve()));
    await promise;
    return new SqlClient(connection);
  }

  /** Sends a batch, and answers the rows of all its results. Throws an error with the server's number. */
  async query<Row extends object = Record<string, unknown>>(text: string): Promise<Row[]> {
    const rows: Row[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const request = new Request(text, (error) => (error ? reject(error) : resolve()));
    request.on('row', (columns: readonly { metadata: { colName: string }; value: unknown }[]) =>
      rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])) as Row),
    );
    this.#connection.execSqlBatch(request);
    await promise;
    return rows;
  }

  close(): void {
    this.#connection.close();
  }
}

/** A name as an identifier. */
export function id(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

/** A text as a literal. */
export function literal(text: string): string {
  return `N'${text.replaceAll("'", "''")}'`;
}
