import type { Step } from '../api/step.ts';
import type { AppChange } from '../azure/hosted-app.ts';

export type AppStep = Step & { readonly app: string } & (
    | { readonly kind: 'change-app-identity' | 'release-app' }
    | { readonly kind: 'change-app-settings'; readonly set: readonly string[]; readonly remove: readonly string[] }
  );

/** Attaches what the app needs, and detaches what it needs no more. */
export function identityStep(app: string, { attach, detach = [] }: AppChange): AppStep {
  const words = [
    ...(attach ? [`attach identity ${attach.names[0]}`] : []),
    ...detach.map((id) => `detach identity ${id.split('/').at(-1)}`),
  ];
  const summary = `PATCH ${app}: ${words.join(', ') || 'tag what is ours'}`.slice(0, 1024);
  return { stage: 'identity', kind: 'change-app-identity', app, summary };
}

/** Writes settings; names them, and holds no value. */
export function settingsStep(app: string, { places = [], secrets, tags }: AppChange): AppStep {
  const set = [...new Set(places.flatMap((place) => Object.keys(place.set)))].sort();
  const remove = [...new Set(places.flatMap((place) => place.remove))].sort();
  const named = places.map(({ name }) => name).filter((name) => name !== '');
  const words = [
    ...(set.length > 0 ? [`set ${set.join(', ')}`] : []),
    ...(remove.length > 0 ? [`take out ${remove.join(', ')}`] : []),
    ...(secrets ? [`write ${Object.keys(secrets.set).length} and take out ${secrets.remove.length} secrets`] : []),
    ...(set.length + remove.length === 0 && !secrets && tags ? ['tag what is ours'] : []),
  ];
  const where = named.length > 0 ? ` (containers ${named.join(', ')})` : '';
  return {
    stage: 'settings',
    kind: 'change-app-settings',
    app,
    set,
    remove,
    summary: `PATCH ${app}: ${words.join('; ')}${where}`.slice(0, 1024),
  };
}

/** Leaves an app where the connection was before. */
export function releaseStep(app: string): AppStep {
  return { stage: 'settings', kind: 'release-app', app, summary: `PATCH ${app}: take out what this connection wrote there` };
}
