import type { Clock } from '../../../src/runtime/clock.ts';
import type { Answer } from './service.ts';
import type { World } from './world.ts';

/** What an operation may know of its request. */
export interface ArmContext {
  readonly world: World;
  readonly clock: Clock;
  /** The variable parts of the path, as the caller spells them. */
  readonly params: Readonly<Record<string, string>>;
  /** Names in lower case; only those that the operation lists. */
  readonly query: ReadonlyMap<string, string>;
  /** The parsed JSON body; undefined for methods without one, and for a POST that sends none. */
  readonly body: unknown;
  readonly apiVersion: string;
  /** Scheme, host and port of this Azure Resource Manager, for links to it. */
  readonly origin: string;
  /** Asks for a permission on another resource that the body names. Throws ArmError 403. */
  readonly demandLinked: (action: string, scope: string) => void;
  /** Cuts a list into pages, with a nextLink to this very address. Throws ArmError for a wrong `$skiptoken`. */
  readonly page: (items: readonly unknown[]) => Answer;
  readonly signal: AbortSignal;
}

/** One operation that the sandbox's Azure Resource Manager serves. The list of them is all that it serves. */
export interface ArmOperation {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** Parts in braces are variable; `{subscriptionId}` and `{resourceGroup}` are checked before the operation runs. */
  readonly path: string;
  /** The permission it takes: https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations */
  readonly action: string;
  readonly apiVersions: readonly string[];
  /** Query parameters besides api-version, in lower case. */
  readonly query?: readonly string[];
  /** Throws ArmError. */
  readonly run: (context: ArmContext) => Promise<Answer> | Answer;
}
