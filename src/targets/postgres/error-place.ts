/** Where an error happened. `step` tells a refused login from a refused statement: the same code means something else. */
export interface ErrorPlace {
  readonly step: 'login' | 'statement';
  readonly host: string;
  readonly database: string;
  readonly login: string;
}
