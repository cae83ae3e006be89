import type { FieldFilter, Filter, GeoPoint, Scalar } from './filter-json.js';

/** Every one holds. */
export const and = (...all: Filter[]): Filter => ({ all });
/** At least one holds. */
export const or = (...any: Filter[]): Filter => ({ any });
/** None of them holds. */
export const not = (...none: Filter[]): Filter => ({ none });
/** The point has one of these ids. */
export const hasId = (...ids: string[]): Filter => ({ ids });
/** One object at `path` meets the whole filter, whose paths begin in that object. */
export const nested = (path: string, filter: Filter): Filter => ({ nested: { path, filter } });

/** Bounds of numbers (beyond 2^53 as `bigint`), or of times as text, such as RFC 3339, or Date. */
export interface Bounds<T> {
  readonly gt?: T;
  readonly gte?: T;
  readonly lt?: T;
  readonly lte?: T;
}

/** Tests of the values at a path: `field('section').eq('haskell')`. */
export const field = (path: string) => {
  const test = (rest: Omit<FieldFilter, 'field'>): Filter => ({ field: path, ...rest });
  return {
    eq: (eq: Scalar) => test({ eq }),
    in: (...values: Scalar[]) => test({ in: values }),
    /** Holds where there is no value, too. */
    notIn: (...values: Scalar[]) => test({ notIn: values }),
    /** Of numbers, or of times as text. Several bounds of one value belong into one `range` or `datetime`. */
    gt: (gt: number | bigint | string) => test({ gt }),
    gte: (gte: number | bigint | string) => test({ gte }),
    lt: (lt: number | bigint | string) => test({ lt }),
    lte: (lte: number | bigint | string) => test({ lte }),
    range: (bounds: Bounds<number | bigint>) => test(bounds),
    datetime: (bounds: Bounds<string | Date>) =>
      test(
        Object.fromEntries(
          Object.entries(bounds).map(([name, end]) => [name, end instanceof Date ? end.toISOString() : end]),
        ),
      ),
    within: (center: GeoPoint, meters: number) => test({ geoRadius: { center, meters } }),
    inBox: (geoBox: NonNullable<FieldFilter['geoBox']>) => test({ geoBox }),
    startsWith: (prefix: string) => test({ prefix }),
    /** Every word of it. */
    hasWords: (text: string) => test({ text }),
    /** Its words next to each other, in this order. */
    phrase: (phrase: string) => test({ phrase }),
    exists: (exists = true) => test({ exists }),
    isNull: (isNull = true) => test({ isNull }),
  };
};
