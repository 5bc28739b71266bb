import type { KubernetesObject } from '../api/object-meta.ts';
import type { Handlers } from './reflector.ts';

/** Handlers that follow each other. */
export function together<T>(...all: readonly Handlers<T>[]): Handlers<T> {
  return {
    upsert: (old, current, origin) => {
      for (const each of all) each.upsert(old, current, origin);
    },
    delete: (last) => {
      for (const each of all) each.delete(last);
    },
  };
}

/** Handlers that tell of everything but a new status. */
export function whenChanged<T extends KubernetesObject>(tell: () => void): Handlers<T> {
  return {
    upsert: (old, current) => {
      const labelled = JSON.stringify(old?.metadata.labels) !== JSON.stringify(current.metadata.labels);
      if (labelled || old?.metadata.uid !== current.metadata.uid || old?.metadata.generation !== current.metadata.generation) tell();
    },
    delete: tell,
  };
}
