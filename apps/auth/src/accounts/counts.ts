import { randomInt } from 'node:crypto';
import type { Compare, MetaStore, Operation } from '@vectron/metastore';

export interface Totals {
  readonly users: number;
  readonly keys: number;
}

/** Changes of unrelated accounts rarely meet in one of so many. */
const PARTS = 8;
const partKey = (part: number) => `/auth/counts/${part}`;
const NONE: Totals = { users: 0, keys: 0 };

/** How many accounts and keys there are, kept with every change, so that saying it costs the same however many they are. */
export class Counts {
  constructor(private readonly meta: MetaStore) {}

  /** What makes a transaction count; it fails when another one counts in the same part meanwhile. */
  async changed(by: Partial<Totals>): Promise<{ compare: Compare; operation: Operation }> {
    const key = partKey(randomInt(PARTS));
    const entry = await this.meta.get(key);
    const before = entry === undefined ? NONE : (JSON.parse(entry.value) as Totals);
    // A part may be negative: what was made in one is deleted in another.
    const after: Totals = { users: before.users + (by.users ?? 0), keys: before.keys + (by.keys ?? 0) };
    return {
      compare: { key, revision: entry?.revision ?? 0 },
      operation: { put: key, value: JSON.stringify(after) },
    };
  }

  async totals(): Promise<Totals> {
    const parts = await Promise.all(Array.from({ length: PARTS }, (_, part) => this.meta.get(partKey(part))));
    const known = parts.map((entry) => (entry === undefined ? NONE : (JSON.parse(entry.value) as Totals)));
    return {
      users: known.reduce((sum, { users }) => sum + users, 0),
      keys: known.reduce((sum, { keys }) => sum + keys, 0),
    };
  }
}
