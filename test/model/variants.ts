import type { Search } from './spin.ts';

export interface Variant {
  name: string;
  search: Search;
}

const TIMEOUT_s = 3600;

/** What is searched to the end. */
export const VARIANTS: readonly Variant[] = [
  {
    name: 'one volume',
    search: { defines: ['VOLUMES=1'], order: 'exhaustive', timeout_s: TIMEOUT_s },
  },
  {
    name: 'way out',
    search: { defines: ['VOLUMES=1', 'CALM=1', 'NO_OVERRIDES'], order: 'progress', timeout_s: TIMEOUT_s },
  },
];
