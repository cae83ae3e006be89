import type { filters } from '@vectron/proto';

/** The filter of a read: an empty one is none, and holds for every point. */
export const filterOfRead = (filter: filters.Filter | undefined): filters.Filter | undefined =>
  filter?.condition === undefined ? undefined : filter;

/** Whether it is empty, all the way down: a change of every point must not come from a condition that was left out. */
export const holdsForAll = ({ condition }: filters.Filter): boolean =>
  condition === undefined || (condition.$case === 'all' && condition.value.filters.every(holdsForAll));
