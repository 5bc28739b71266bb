import type { ConnectionSpec, WorkloadType } from '../api/spec.ts';
import type { AppAddress, AppHost } from '../azure/hosted-app.ts';
import type { AppRequest } from './app-request.ts';

/** What one kind of app has of its own beside its service. */
export interface AppKind {
  readonly type: Exclude<WorkloadType, 'ServiceAccount'>;
  readonly host: AppHost;
  /** Where the app of a spec is, or what is wrong with the spec's words for it. */
  locate(spec: ConnectionSpec['workload']): AppAddress | string;
  /** The path of an app, with its slot or deployment, as in ARM. */
  pathOf(address: AppAddress): string;
  /** The path of what has the app's own identity. */
  identityPathOf(address: AppAddress): string;
  /** The reverse of `pathOf`; undefined for every other text. */
  addressIn(path: string): AppAddress | undefined;
  /** The app in the words of a message. */
  title(address: AppAddress): string;
  /** Names of the places that get the settings, and the field where they stand. */
  places(spec: ConnectionSpec['workload']): Pick<AppRequest, 'places' | 'placesField'>;
}
