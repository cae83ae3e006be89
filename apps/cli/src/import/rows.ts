import type { CollectionOptions, Point } from '@vectron/sdk';

/** Where a row of an import stands. */
export interface Place {
  readonly file: string;
  /** From 1: of the line that it begins on; in files without lines, of the row. */
  readonly line: number;
}

/** A row that becomes a point. */
export interface ReadRow {
  readonly place: Place;
  readonly point: Point;
  /** What of the row the point does not have, by name, with the reason; each is counted in the report. */
  readonly leftOut?: readonly { readonly what: string; readonly reason: string }[];
}

/** A row that does not: it goes into the report. */
export interface RefusedRow {
  readonly place: Place;
  /** Its id, where that could be read. */
  readonly id?: string;
  readonly reason: string;
}

export type ImportRow = ReadRow | RefusedRow;

/** How the columns of a source are named; what is not given is found from its types and key constraints. */
export interface ColumnChoice {
  readonly id?: string;
  readonly vector?: string;
  /** The columns that become the payload; missing: all others. */
  readonly payload?: readonly string[];
  /** Of a dump with several tables. */
  readonly table?: string;
}

/** What an import reads, in one pass and in constant memory. */
export interface RowSource {
  /** Rows, when that is known before they are read. */
  readonly total?: number;
  /** Where rows are not known beforehand: bytes of the file that were read so far, and its size. */
  readonly bytes?: () => { readonly read: number; readonly total: number };
  /** Of the first vector, from the file; undefined when no row has a vector that could be read. */
  readonly dimension?: number;
  /** How columns were understood, for people: `id: column "uuid" (primary key)`. */
  readonly understood: readonly string[];
  /** Dense vectors besides the first one, and sparse ones, that the collection needs. */
  readonly namedVectors?: readonly { readonly name: string; readonly dimension: number; readonly distance?: string }[];
  readonly sparseVectors?: readonly string[];
  /** Distance that the dump says its vectors were compared with. */
  readonly distance?: string;
  /** What the file says of the collection that it was written from, for one that is made. */
  readonly settings?: CollectionOptions;
  /**
   * Every row once, in the order of the file; a second call gives the same again. What is wrong with one row is said in it;
   * it throws only where nothing more can be read, such as of a file that was cut off.
   */
  rows(): AsyncIterable<ImportRow>;
  close?(): Promise<void>;
}

export const isRefused = (row: ImportRow): row is RefusedRow => 'reason' in row;
