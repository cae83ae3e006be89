import { VectronError } from '@vectron/errors';
import type { Compare, MetaStore, Operation } from '@vectron/metastore';

const ADMINISTRATORS = '/auth/administrators';

/**
 * Ids of the enabled administrators, in one record. Every transaction that makes one or takes one away compares it, so
 * that of two at once, the second sees what the first has left.
 */
export class Administrators {
  constructor(private readonly meta: MetaStore) {}

  /** Part of a transaction that makes the user one of them, or none any more. Throws FAILED_PRECONDITION for the last one. */
  async changed(userId: string, is: boolean): Promise<{ compare: Compare; operation: Operation }> {
    const { ids, revision } = await this.#read();
    const others = ids.filter((id) => id !== userId);
    if (!is && others.length === 0) {
      throw new VectronError(
        'FAILED_PRECONDITION',
        'this is the last enabled administrator: add another one first (SetUserRole, or InviteUser with the role admin)',
      );
    }
    const value = JSON.stringify(is ? [...others, userId] : others);
    return { compare: { key: ADMINISTRATORS, revision }, operation: { put: ADMINISTRATORS, value } };
  }

  async #read(): Promise<{ ids: string[]; revision: number }> {
    const entry = await this.meta.get(ADMINISTRATORS);
    return { ids: entry === undefined ? [] : (JSON.parse(entry.value) as string[]), revision: entry?.revision ?? 0 };
  }
}
