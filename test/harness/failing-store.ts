import { VectronError } from '@vectron/errors';
import { type Compare, MemoryMetaStore, type MetaEntry, type Operation, type TxnResult } from '@vectron/metastore';

/** Where a transaction is cut off: nothing of it is done, or all of it and the answer is lost. */
export type CutOff = 'before' | 'after';
export const CUT_OFFS: readonly CutOff[] = ['before', 'after'];

/** A store in memory, one transaction of which fails when it is asked to. */
export class FailingStore extends MemoryMetaStore {
  #failsIn = 0;
  #when: CutOff = 'before';
  /** Transactions that were tried so far. */
  transactions = 0;

  /** One that holds `entries`. */
  static async with(entries: readonly MetaEntry[]): Promise<FailingStore> {
    const store = new FailingStore();
    for (const { key, value } of entries) await store.txn([], [{ put: key, value }]);
    store.transactions = 0;
    return store;
  }

  /** The n-th transaction from here fails, counted from 1. */
  failAt(n: number, when: CutOff): void {
    this.#failsIn = n;
    this.#when = when;
  }

  override async txn(compares: Compare[], operations: Operation[]): Promise<TxnResult> {
    this.transactions += 1;
    const fails = this.#failsIn > 0 && --this.#failsIn === 0;
    if (fails && this.#when === 'before') throw cutOff();
    const result = await super.txn(compares, operations);
    if (fails) throw cutOff();
    return result;
  }
}

const cutOff = () => new VectronError('UNAVAILABLE', 'the store was cut off');
