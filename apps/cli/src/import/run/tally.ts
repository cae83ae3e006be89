import type { Place, RefusedRow } from '../rows.js';

/** A count with the first of those counted. */
export interface Counted {
  count: number;
  readonly first: Place;
  /** As it was said of the first. */
  readonly said: string;
}

/** What became of the rows of a file, from its beginning on. JSON can hold it. */
export interface Tally {
  rows: number;
  points: number;
  refused: number;
  /** Reasons of refusals without the numbers and values in them. */
  readonly reasons: Record<string, Counted>;
  /** What of the points was left out, by name. */
  readonly leftOut: Record<string, Counted>;
}

/** No prototype: names are other people's. */
const record = (): Record<string, Counted> => Object.create(null) as Record<string, Counted>;

export const newTally = (): Tally => ({ rows: 0, points: 0, refused: 0, reasons: record(), leftOut: record() });

/** Of a tally that was read from JSON. */
export const tallyFrom = (tally: Tally): Tally => ({
  ...tally,
  reasons: Object.assign(record(), tally.reasons),
  leftOut: Object.assign(record(), tally.leftOut),
});

/** Different reasons or names that are told apart; more go under one. */
const MOST = 100;

function count(counts: Record<string, Counted>, key: string, first: Place, said: string): void {
  const known = counts[key] !== undefined || Object.keys(counts).length < MOST ? key : '(others)';
  counts[known] ??= { count: 0, first, said };
  counts[known].count += 1;
}

export function countRefused(tally: Tally, { place, reason }: RefusedRow): void {
  tally.refused += 1;
  const kind = reason.replace(/"(?:[^"\\]|\\.)*"/g, '"…"').replace(/\d+(?:\.\d+)?/g, '#');
  count(tally.reasons, kind, place, reason);
}

export function countLeftOut(tally: Tally, what: string, reason: string, place: Place): void {
  count(tally.leftOut, what, place, reason);
}
