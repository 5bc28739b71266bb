import { ConnectionError } from '../../api/connection-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { OwnerCredentials, ReadOwnerCredentials } from '../owner-credentials.ts';
import type { Cancellable } from '../target.ts';
import { applyRights, type RightsWork } from './apply-rights.ts';
import { sqlState } from './errors.ts';
import type { OwnerLoginFound } from './owner-login.ts';
import { readActableOwners, readNotOwned } from './owner-queries.ts';
import type { Securable } from './securable.ts';
import type { Session, SessionOptions } from './session.ts';
import type { GrantStep } from './steps.ts';

/** How long a refused login isn't tried again, unless its Secret is changed. */
const refusedForMs = 60_000;

const refused = "the server doesn't let it log in";

/** Where a login is used, and the Secret that holds it. */
export interface OwnerPlace {
  readonly host: string;
  readonly database: string;
  readonly secretName: string;
}

export interface OwnerLoginsOptions {
  readonly credentials: ReadOwnerCredentials;
  /** Logs in, to be used once. */
  readonly open: (options: Pick<SessionOptions, 'host' | 'database' | 'login' | 'password' | 'signal'>) => Promise<Session>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'> | undefined;
}

/**
 * The logins of owners of older tables, which the platform keeps in Secrets. They are used for nothing but GRANT and REVOKE on what those own, for users of connections; a Secret is read
 * each time it is needed, and neither password nor session is kept.
 */
export class OwnerLogins {
  readonly #options: OwnerLoginsOptions;
  /** When a login was refused, by place and version of its Secret: so that a pass doesn't try it over and over. */
  readonly #refusedAt = new Map<string, number>();

  constructor(options: OwnerLoginsOptions) {
    this.#options = options;
  }

  /** What a login is good for, as the operator's own session can tell; doesn't log in with it. Throws ConnectionError. */
  async observe(
    place: OwnerPlace,
    owners: readonly string[],
    inDatabase: <T>(work: (session: Session) => Promise<T>) => Promise<T>,
    { signal }: Cancellable,
  ): Promise<OwnerLoginFound> {
    const credentials = await this.#options.credentials(place.secretName, { signal });
    if (credentials.kind === 'unusable') return credentials;
    if (this.#isRefused(place, credentials)) return { kind: 'unusable', why: refused };
    const { userName } = credentials;
    const look = (session: Session) =>
      session.reading(() => session.query<{ owner: string }>(readActableOwners, [userName, owners], { signal }), { signal });
    return { kind: 'usable', userName, owners: (await inDatabase(look)).map(({ owner }) => owner) };
  }

  /**
   * Carries out steps through a login, all with the same Secret, and answers what failed, by work. A login that can't be used any more is no failure: the next look tells of it.
   * Throws ConnectionError when the server can't be reached.
   */
  async apply(works: readonly RightsWork[], place: OwnerPlace, { signal }: Cancellable): Promise<ReadonlyMap<RightsWork, unknown>> {
    const credentials = await this.#options.credentials(place.secretName, { signal });
    // made for another login, those steps are planned anew
    const current = works.filter(
      ({ steps }) => credentials.kind === 'credentials' && steps.every((step) => loginOf(step) === credentials.userName),
    );
    if (credentials.kind === 'unusable' || current.length === 0) return new Map();
    const session = await this.#logIn(place, credentials, { signal });
    if (!session) return new Map();
    try {
      const { database } = place;
      const failures = await notOwned(session, current, { signal });
      const sound = current.filter((work) => !failures.has(work));
      return new Map([...failures, ...(await applyRights(session, sound, { database, logger: this.#options.logger, signal }))]);
    } finally {
      await session.close();
    }
  }

  async #logIn(place: OwnerPlace, credentials: OwnerCredentials, { signal }: Cancellable): Promise<Session | undefined> {
    const { open, clock, logger } = this.#options;
    const { host, database, secretName: secret } = place;
    const { userName: login, password } = credentials;
    try {
      const session = await open({ host, database, login, password: async () => password.reveal(), signal });
      logger?.info('logged in for an owner', { host, database, login, secret });
      return session;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      logger?.warn('an owner could not be logged in for', { host, database, login, secret, code: sqlState(error) });
      this.#refusedAt.set(keyOf(place, credentials), clock.now());
      return undefined;
    }
  }

  #isRefused(place: OwnerPlace, credentials: OwnerCredentials): boolean {
    const key = keyOf(place, credentials);
    const at = this.#refusedAt.get(key);
    if (at === undefined) return false;
    if (this.#options.clock.now() - at < refusedForMs) return true;
    this.#refusedAt.delete(key);
    return false;
  }
}

function keyOf({ host, database, secretName }: OwnerPlace, { version }: OwnerCredentials): string {
  return JSON.stringify([host, database, secretName, version]);
}

/** A wrong password, a role that may not log in, or one that may not connect to this database. */
function isRefusal(error: unknown): boolean {
  return ['28P01', '28000', '42501'].includes(sqlState(error) ?? '');
}

function loginOf(step: GrantStep): string | undefined {
  return 'through' in step ? step.through?.login : undefined;
}

/** Works with steps about something whose owner's rights the session hasn't (any more), and why they fail. */
async function notOwned(session: Session, works: readonly RightsWork[], { signal }: Cancellable): Promise<Map<RightsWork, unknown>> {
  const things = works.flatMap((work) => work.steps.flatMap(thingsOf).map((thing) => ({ work, thing })));
  const column = (field: keyof Thing) => things.map(({ thing }) => thing[field]);
  const values = [column('kind'), column('schema'), column('name')];
  const rows = await session.query<{ position: string }>(readNotOwned, values, { signal });
  const error = new ConnectionError('retry', 'DatabaseError', 'something was given to another owner at the same time');
  return new Map(rows.map(({ position }) => [things[Number(position) - 1]!.work, error]));
}

interface Thing {
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
}

function thingsOf(step: GrantStep): readonly Thing[] {
  if ('on' in step) return step.on.map(thingOf);
  if ('future' in step) return [{ kind: 'owner', schema: '', name: step.future.owner }];
  return [];
}

function thingOf(on: Securable): Thing {
  const { kind } = on;
  return { kind, schema: 'schema' in on ? on.schema : '', name: on.kind === 'column' ? on.table : on.name };
}
