/** A call that the operator makes to somebody outside its process. */
export interface Call {
  readonly system: 'Kubernetes' | 'Azure' | 'database';
  /** What is asked, the same whenever the same is asked. */
  readonly name: string;
  /** Whether it may change anything; losing the answer of one that doesn't is the same as losing the question. */
  readonly writes: boolean;
}

/** What may go wrong with a call. */
export const faultKinds = [
  /** The line breaks before the call arrived. */
  'cut-before',
  /** The line breaks after it was carried out. */
  'cut-after',
  /** A refusal that passes by itself. */
  'busy',
  /** A refusal that a person ends, after the second attempt: Azure and Kubernetes lack a permission, the database takes no writes. */
  'refused',
  /** The database says of one statement that it is not allowed, at two attempts. */
  'denied',
  /** No answer, until the caller's own time limit. */
  'hang',
  /** The process dies before the call arrived. */
  'kill-before',
  /** The process dies when the call was carried out. */
  'kill-after',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/**
 * The faults that make a difference at a call. One that changes nothing is the same to whoever loses its answer. And a process leaves behind what there was after its last write,
 * so that its end before a call is one after the write before it.
 */
export function faultsAt({ system, writes }: Call, { isFirst }: { readonly isFirst: boolean }): readonly FaultKind[] {
  const always: readonly FaultKind[] = ['cut-before', 'busy', 'refused', 'hang'];
  const ofWrites: readonly FaultKind[] = ['cut-after', 'kill-after', ...(system === 'database' ? (['denied'] as const) : [])];
  return [...always, ...(writes ? ofWrites : []), ...(isFirst ? (['kill-before'] as const) : [])];
}

/** A fault at one call of a phase: the `occurrence`th of its name, from 1. */
export interface Disturbance {
  readonly call: Call;
  readonly occurrence: number;
  readonly fault: FaultKind;
  /** Chooses among refusals, from 0 to below 1. */
  readonly chance: number;
}

/** What is to become of a call. */
export type Treatment =
  | { readonly kind: 'carry-out' }
  | { readonly kind: 'cut' | 'kill'; readonly when: 'before' | 'after' }
  | { readonly kind: 'refuse'; readonly how: 'busy' | 'refused' | 'denied'; readonly chance: number }
  | { readonly kind: 'hang' };

/** How often a refusal is given. */
const strikes: Readonly<Partial<Record<FaultKind, number>>> = { refused: 2, denied: 2 };

/** The calls of one phase, and the fault that befalls one of them. */
export class Boundaries {
  readonly calls: { readonly call: Call; readonly occurrence: number }[] = [];
  readonly #occurrences = new Map<string, number>();
  readonly #disturbance: Disturbance | undefined;
  #struck = 0;

  constructor(disturbance?: Disturbance) {
    this.#disturbance = disturbance;
  }

  /** Whether the call to be disturbed was made. */
  get isStruck(): boolean {
    return this.#disturbance === undefined || this.#struck > 0;
  }

  /** Counts a call, and tells what is to become of it. */
  meet(call: Call): Treatment {
    const key = `${call.system} ${call.name}`;
    const occurrence = (this.#occurrences.get(key) ?? 0) + 1;
    this.#occurrences.set(key, occurrence);
    this.calls.push({ call, occurrence });
    const due = this.#disturbance;
    if (due?.call.name !== call.name || due.call.system !== call.system || occurrence < due.occurrence) return { kind: 'carry-out' };
    if (this.#struck >= (strikes[due.fault] ?? 1)) return { kind: 'carry-out' };
    this.#struck += 1;
    return treatmentOf(due);
  }
}

function treatmentOf({ fault, chance }: Disturbance): Treatment {
  switch (fault) {
    case 'cut-before':
      return { kind: 'cut', when: 'before' };
    case 'cut-after':
      return { kind: 'cut', when: 'after' };
    case 'kill-before':
      return { kind: 'kill', when: 'before' };
    case 'kill-after':
      return { kind: 'kill', when: 'after' };
    case 'busy':
    case 'refused':
    case 'denied':
      return { kind: 'refuse', how: fault, chance };
    case 'hang':
      return { kind: 'hang' };
    default:
      return fault satisfies never;
  }
}
