import { errors } from './errors.ts';

export interface PreparedStatement {
  readonly sql: string;
  /** Of its parameters. */
  readonly declarations: string;
}

/** A session's prepared statements, by their handles. */
export class PreparedStatements {
  readonly #statements = new Map<number, PreparedStatement>();
  #last = 0;

  /** Gives the handle. */
  add(statement: PreparedStatement): number {
    this.#last += 1;
    this.#statements.set(this.#last, statement);
    return this.#last;
  }

  find(handle: number): PreparedStatement | undefined {
    return this.#statements.get(handle);
  }

  /** Throws 8179. */
  get(handle: number): PreparedStatement {
    const found = this.find(handle);
    if (!found) throw errors.notPrepared(handle);
    return found;
  }

  /** Throws 8179. */
  remove(handle: number): void {
    this.get(handle);
    this.#statements.delete(handle);
  }

  clear(): void {
    this.#statements.clear();
  }
}
