import { toVectronError } from '@vectron/errors';
import type { Point, VectronClient } from '@vectron/sdk';
import { isRefused, type ReadRow, type RefusedRow, type RowSource } from '../rows.js';
import { type Fit, refusal } from './point-check.js';
import type { Report } from './report.js';
import { SeenIds } from './seen-ids.js';
import { countLeftOut, countRefused, newTally, type Tally } from './tally.js';

export interface Importing {
  readonly source: RowSource;
  readonly collection: string;
  readonly fit: Fit;
  /** undefined: nothing is written, and the rows are only read and checked. */
  readonly db: VectronClient | undefined;
  readonly report?: Report;
  /** Rows that an earlier import has done; they are read, to know their ids, and not written again. */
  readonly from?: Tally;
  readonly batchSize?: number;
  /** Requests in flight. */
  readonly concurrency?: number;
  /** End with the first row that is refused. */
  readonly stopsAtRefusal?: boolean;
  /** Ends the import after what is under way. */
  readonly signal?: AbortSignal;
  /** Called in the order of the rows, whenever more of them are done: acknowledged, or in the report. */
  readonly onProgress?: (tally: Tally) => void;
  readonly seen?: SeenIds;
}

/** How an import ended, and what became of the rows before. */
export interface Imported {
  readonly tally: Tally;
  readonly ended: 'whole' | 'interrupted' | 'refused';
  /** Ids were looked for in memory that was full: a later row may have taken the place of an earlier one. */
  readonly someIdsUnseen: boolean;
}

interface Batch {
  rows: number;
  bytes: number;
  readonly good: { readonly at: number; readonly row: ReadRow }[];
  readonly bad: { readonly at: number; readonly row: RefusedRow }[];
  isDone: boolean;
}

/** The server refuses a batch for one of its points. */
const OF_A_POINT = new Set(['INVALID_ARGUMENT', 'DIMENSION_MISMATCH', 'PAYLOAD_TOO_LARGE']);
/** A request of more would be slow to refuse and to repeat. */
const BATCH_BYTES = 8 << 20;
/** Refused rows wait in memory for those before them. */
const BATCH_ROWS = 2_000;

/**
 * Writes the rows as points, in batches of which several are under way. Every row is acknowledged or in the report when this
 * returns, up to `tally.rows`; both are in the order of the rows, so that an import that was killed can go on from there.
 * A batch that is refused for one of its points is sent again in halves, until it is known which.
 * Throws when the file cannot be read further or the server cannot be reached, after what was under way has ended.
 */
export async function importRows(importing: Importing): Promise<Imported> {
  const run = new ImportRun(importing);
  return run.all();
}

class ImportRun {
  readonly #tally: Tally;
  readonly #seen: SeenIds;
  /** In the order of the rows. */
  readonly #batches: Batch[] = [];
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #batch = newBatch();

  constructor(private readonly importing: Importing) {
    this.#tally = importing.from ?? newTally();
    this.#seen = importing.seen ?? new SeenIds();
  }

  async all(): Promise<Imported> {
    const { source, signal, stopsAtRefusal = false } = this.importing;
    const done = this.#tally.rows;
    let ended: Imported['ended'] = 'whole';
    let at = 0;
    try {
      for await (const read of source.rows()) {
        if (signal?.aborted === true) ended = 'interrupted';
        if (this.#failure !== undefined || ended !== 'whole') break;
        const row = this.#checked(read);
        at += 1;
        if (at <= done) continue;
        if (isRefused(row) && stopsAtRefusal) ended = 'refused';
        await this.#add(row, at);
        if (ended === 'refused') break;
      }
      if (this.#batch.rows > 0) await this.#send();
    } catch (error) {
      // The rows before it can still be written.
      if (this.#batch.rows > 0) await this.#send();
      this.#failure ??= { error };
    }
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
    return { tally: this.#tally, ended, someIdsUnseen: this.#seen.isFull };
  }

  #checked(row: ReadRow | RefusedRow): ReadRow | RefusedRow {
    if (isRefused(row)) return row;
    const { place, point } = row;
    const reason = refusal(point, this.importing.fit);
    if (reason !== undefined) return { place, id: point.id, reason };
    const before = this.#seen.take(point.id, place.line);
    if (before === undefined) return row;
    return {
      place,
      id: point.id,
      reason: `its id is that of line ${before}, which was imported; change one of the two ids`,
    };
  }

  async #add(row: ReadRow | RefusedRow, at: number): Promise<void> {
    const batch = this.#batch;
    batch.rows += 1;
    if (isRefused(row)) batch.bad.push({ at, row });
    else {
      batch.good.push({ at, row });
      batch.bytes += sizeOf(row.point);
    }
    const { batchSize = 250 } = this.importing;
    if (batch.good.length >= batchSize || batch.bytes >= BATCH_BYTES || batch.rows >= BATCH_ROWS) await this.#send();
  }

  async #send(): Promise<void> {
    const { concurrency = 4 } = this.importing;
    const batch = this.#batch;
    this.#batch = newBatch();
    this.#batches.push(batch);
    // Also bounds what waits for an earlier batch that takes long.
    const isCrowded = () => this.#running.size >= concurrency || this.#batches.length > 4 * concurrency;
    while (this.#failure === undefined && this.#running.size > 0 && isCrowded()) await Promise.race(this.#running);
    if (this.#failure !== undefined) return;
    const task = this.#write(batch)
      .then(() => {
        batch.isDone = true;
        this.#advance();
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
    this.#running.add(task);
    void task.finally(() => this.#running.delete(task));
  }

  async #write(batch: Batch): Promise<void> {
    const { db } = this.importing;
    if (db === undefined || batch.good.length === 0) return;
    await this.#declare(db, batch);
    const refused = await this.#upsert(db, batch.good);
    for (const { one, reason } of refused) {
      batch.good.splice(batch.good.indexOf(one), 1);
      const { place, point } = one.row;
      batch.bad.push({ at: one.at, row: { place, id: point.id, reason } });
    }
    batch.bad.sort((a, b) => a.at - b.at);
  }

  /** Writes those that the server takes; returns the others, with its reasons. */
  async #upsert(db: VectronClient, good: Batch['good']): Promise<{ one: Batch['good'][number]; reason: string }[]> {
    try {
      const points: Point[] = good.map(({ row }) => row.point);
      await db.upsert(this.importing.collection, points);
      return [];
    } catch (error) {
      const { code, message } = toVectronError(error);
      if (!OF_A_POINT.has(code)) throw error;
      if (good.length === 1) return [{ one: good[0], reason: message.replaceAll('points[0].', '') }];
      const half = good.length >> 1;
      return [...(await this.#upsert(db, good.slice(0, half))), ...(await this.#upsert(db, good.slice(half)))];
    }
  }

  /** Named and sparse vectors that the collection does not have yet. */
  async #declare(db: VectronClient, batch: Batch): Promise<void> {
    const { fit, collection } = this.importing;
    for (const { row } of batch.good) {
      for (const [name, one] of Object.entries(row.point.vectors ?? {})) {
        if (fit.vectors.has(name)) continue;
        const distance = fit.distance as 'cosine';
        await db.createIndex(collection, { namedVector: { name, dimension: one.length, distance } });
        fit.vectors.set(name, one.length);
      }
      for (const name of Object.keys(row.point.sparse ?? {})) {
        if (fit.sparse.has(name)) continue;
        await db.createIndex(collection, { sparseVector: name });
        fit.sparse.add(name);
      }
    }
  }

  /** Counts and reports the batches that are done up to the first that is not. */
  #advance(): void {
    const { report, onProgress } = this.importing;
    while (this.#batches[0]?.isDone === true) {
      const batch = this.#batches.shift() as Batch;
      this.#tally.rows += batch.rows;
      this.#tally.points += batch.good.length;
      for (const { row } of batch.good) {
        for (const { what, reason } of row.leftOut ?? []) countLeftOut(this.#tally, what, reason, row.place);
      }
      for (const { row } of batch.bad) {
        countRefused(this.#tally, row);
        report?.add(row);
      }
      onProgress?.(this.#tally);
    }
  }
}

const newBatch = (): Batch => ({ rows: 0, bytes: 0, good: [], bad: [], isDone: false });

/** About as many bytes as it takes in a request. */
function sizeOf({ vector, payload, vectors, sparse }: Point): number {
  const named = Object.values(vectors ?? {}).reduce((sum, one) => sum + 4 * one.length, 0);
  const few = Object.values(sparse ?? {}).reduce((sum, one) => sum + 8 * one.indices.length, 0);
  return 4 * (vector?.length ?? 0) + named + few + weigh(payload);
}

function weigh(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 0;
  for (const [key, item] of Object.entries(value)) sum += 4 + key.length + weigh(item);
  return sum;
}
