import type { Tool } from '../tool.js';
import { describeCollection, listCollections } from './collections.js';
import { hybridSearch } from './hybrid-search.js';
import { countPoints, facets, getPoints, listPoints } from './points.js';
import { explainSearch, search } from './search.js';
import { deletePoints, updatePayload, upsertPoints } from './writes.js';

const ALL: readonly Tool[] = [
  ...[listCollections, describeCollection, search, hybridSearch, explainSearch],
  ...[getPoints, listPoints, countPoints, facets],
  ...[upsertPoints, updatePayload, deletePoints],
];

/** The tools of a server, by name: without `write`, those that change nothing. */
export const toolsFor = ({ write }: { readonly write: boolean }): ReadonlyMap<string, Tool> =>
  new Map(ALL.filter(({ writes }) => write || !writes).map((tool) => [tool.listed.name, tool]));
