import type { Collection, VectronClient } from './client.js';
import type { CallLimits as Limits } from './types.js';

type Verb = Exclude<keyof Collection, 'client' | 'name' | 'with'>;
/** How many arguments each verb has before its limits. */
const ARGUMENTS: Readonly<Record<Verb, number>> = {
  upsert: 1,
  upsertStream: 2,
  search: 1,
  searchBatch: 1,
  get: 2,
  delete: 1,
  listPoints: 1,
  points: 1,
  query: 1,
  measureRecall: 1,
  count: 1,
  facets: 2,
  updatePoints: 1,
  deletePoints: 1,
  snapshot: 0,
  listChanges: 1,
  changes: 1,
};

/** See `collection` of the client. */
export function collectionOf<P extends object>(client: VectronClient, name: string): Collection<P> {
  const verbs = Object.entries(ARGUMENTS).map(([verb, count]) => [
    verb,
    (...given: unknown[]) => {
      const limits = given[count] as Limits | undefined;
      const db = limits === undefined ? client : client.with(limits);
      return (db[verb as Verb] as (...all: unknown[]) => unknown)(name, ...given.slice(0, count));
    },
  ]);
  return {
    client,
    name,
    with: (limits: Limits) => collectionOf(client.with(limits), name),
    ...Object.fromEntries(verbs),
  };
}
