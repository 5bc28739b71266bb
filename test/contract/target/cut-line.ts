import type { Faults } from '../../sandbox/controls/faults.ts';
import type { Cut } from './engine.ts';

/** Breaks the line once, at so many logins and statements at a gateway from now on. Nobody else may use the gateway meanwhile. */
export function cutAt(faults: Faults, call: number, when: 'before' | 'after'): Cut {
  const strike = faults.strike.bind(faults);
  let calls = 0;
  faults.strike = () => {
    calls += 1;
    return calls === call ? { drop: when } : undefined;
  };
  return {
    get happened() {
      return calls >= call;
    },
    [Symbol.dispose]: () => {
      faults.strike = strike;
    },
  };
}
