import { VectronError } from '@vectron/errors';
import { exactOut } from './exact-numbers.js';

/** What was left out of an answer so that it keeps within its bytes. */
export interface Cut {
  /** Entries that were found and are not in the answer. */
  readonly omitted: number;
  /** Entries whose payloads were shortened; each of them has `shortened`. */
  readonly shortened: number;
  /** How to ask for the rest. */
  readonly hint: string;
}

/** Room for `cut` itself, and for the rest of the frame that is not measured. */
const NOTE_BYTES = 1_024;
/** Code points of a string that stay when a single entry is too large. */
const KEPT_LETTERS = 300;

/** Bytes of a value in an answer. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(exactOut(value)) ?? '');

/** Entries as far as they fit, and what was left out; `cut` is undefined when nothing was. */
export interface Fitted<T> {
  readonly entries: T[];
  readonly cut?: Cut;
}

/**
 * The first of `entries` that fit beside `frame` into `maxBytes` of JSON. When not even the first one does, it is shortened.
 */
export function fit<T extends object>(frame: object, entries: readonly T[], maxBytes: number, hint: string): Fitted<T> {
  let room = maxBytes - jsonBytes(frame) - NOTE_BYTES;
  const kept: T[] = [];
  let shortened = 0;
  for (const entry of entries) {
    const size = jsonBytes(entry) + 1;
    if (size <= room) {
      kept.push(entry);
      room -= size;
      continue;
    }
    if (kept.length > 0) break;
    const less = shorten(entry, room);
    if (less === undefined) break;
    kept.push(less);
    shortened = 1;
    break;
  }
  const omitted = entries.length - kept.length;
  return omitted + shortened === 0 ? { entries: kept } : { entries: kept, cut: { omitted, shortened, hint } };
}

/** The entry with shorter strings, or else without payload and vectors; undefined: that is too large, too. */
function shorten<T extends object>(entry: T, room: number): T | undefined {
  const {
    payload: _payload,
    vector: _vector,
    vectors: _vectors,
    sparse: _sparse,
    ...bare
  } = entry as Record<string, unknown>;
  const tries = [
    { ...(shorterText(entry) as object), shortened: true },
    { ...bare, shortened: true },
  ];
  return tries.find((one) => jsonBytes(one) < room) as T | undefined;
}

function shorterText(value: unknown): unknown {
  if (typeof value === 'string') {
    if (value.length <= KEPT_LETTERS) return value;
    return `${Array.from(value.slice(0, KEPT_LETTERS * 2))
      .slice(0, KEPT_LETTERS)
      .join('')}… (cut; ${value.length} UTF-16 units in all)`;
  }
  if (Array.isArray(value)) return value.map(shorterText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shorterText(one)]));
}

/** Throws ANSWER_TOO_LARGE for an answer that could not be kept within its bytes. */
export function checkSize(text: string, maxBytes: number): void {
  const size = Buffer.byteLength(text);
  if (size > maxBytes)
    throw new VectronError(
      'ANSWER_TOO_LARGE',
      `the answer has ${size} bytes, but the limit is ${maxBytes}: request fewer points or fields`,
    );
}
