import { type AadStatement, nameOf } from './aad-statement.ts';
import type { Backend } from './backend.ts';
import { nameTooLong, notEntraAdministrator, notValidated } from './errors.ts';
import type { ServerError } from './packets.ts';

/** What becomes of a statement that only Azure knows: another one for the engine, or an error. */
export type Translation = { readonly kind: 'send'; readonly sql: string } | { readonly kind: 'refuse'; readonly error: ServerError };

const longestName = 32;

/** The part of a session's state that only Azure's MySQL has. */
export class AadSession {
  readonly #backend: Pick<Backend, 'identifiedAs'>;
  readonly #isEntraAdministrator: boolean;
  #validatesIds = true;

  constructor({
    backend,
    isEntraAdministrator,
  }: { readonly backend: Pick<Backend, 'identifiedAs'>; readonly isEntraAdministrator: boolean }) {
    this.#backend = backend;
    this.#isEntraAdministrator = isEntraAdministrator;
  }

  /** The session's variables have their defaults again. */
  reset(): void {
    this.#validatesIds = true;
  }

  /** The engine itself checks the privilege to create users and whether the name is free. */
  async translate(statement: AadStatement): Promise<Translation> {
    if (statement.kind === 'validate ids') {
      this.#validatesIds = statement.on;
      return { kind: 'send', sql: 'DO 0' };
    }
    const { name, host, ifNotExists, principal, id } = statement;
    const user = nameOf(name);
    if (!this.#isEntraAdministrator) return { kind: 'refuse', error: notEntraAdministrator };
    if (user.length > longestName) return { kind: 'refuse', error: nameTooLong(user) };
    // the sandbox's servers have no identity to ask Microsoft Graph with
    if (id === undefined || this.#validatesIds) return { kind: 'refuse', error: notValidated(id ?? principal) };
    const identified = await this.#backend.identifiedAs(`AADSP:${id}:upn:${user}`, { isAdministrator: false });
    return { kind: 'send', sql: `CREATE USER ${ifNotExists ? 'IF NOT EXISTS ' : ''}${name}@${host} ${identified}` };
  }
}
