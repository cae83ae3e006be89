import type { MetaEntry, Page } from './metastore.js';

/** A range of entries in memory, by key. O(n log n) of all entries. */
export function pageOf(entries: Iterable<MetaEntry>, prefix: string, { after = '', limit }: Page): MetaEntry[] {
  const found = [...entries].filter(({ key }) => key.startsWith(prefix) && key > after);
  return found.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
}
