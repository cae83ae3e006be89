import { type Bounds, type FieldFilter, type Filter, type GeoPoint, type Scalar, where } from '@vectron/model';

/** How deep paths of a payload's type are spelled out. */
type Levels = [never, 0, 1, 2, 3, 4];
/** A key as a path has it: its dots behind backslashes. */
type Key<K extends string> = K extends `${infer Before}.${infer After}` ? `${Before}\\.${Key<After>}` : K;
/** What a test looks at: of lists the items, whatever is not null. */
type Tested<Value> = Value extends null | undefined
  ? never
  : Value extends readonly (infer Item)[]
    ? Tested<Item>
    : Value;
/** Whether the keys of a payload are not known: then every path is good, and every test. */
type IsOpen<P> = string extends keyof P ? true : false;

/** The paths of a payload: keys with dots between them, through lists; five levels of them. */
export type PathOf<P, Level extends number = 5> =
  IsOpen<P> extends true
    ? string
    : P extends object
      ? { [K in keyof P & string]-?: Key<K> | Below<Tested<P[K]>, Key<K>, Level> }[keyof P & string]
      : never;
type Below<Value, Path extends string, Level extends number> = [Levels[Level]] extends [never]
  ? never
  : Value extends Scalar
    ? never
    : Value extends object
      ? `${Path}.${PathOf<Value, Levels[Level]>}`
      : never;

/** The type of the value at a path of a payload. */
export type ValueAt<P, Path extends string> =
  IsOpen<P> extends true
    ? unknown
    : P extends object
      ? {
          [K in keyof P & string]-?: Path extends Key<K>
            ? P[K]
            : Path extends `${Key<K>}.${infer Rest}`
              ? ValueAt<Tested<P[K]>, Rest>
              : never;
        }[keyof P & string]
      : never;

/** Numbers compare with integers of any size. */
type Compared<S> = S | (S extends number ? bigint : never) | (S extends bigint ? number : never);
type Bound<S> = (S extends number | bigint ? number | bigint : never) | (S extends string ? string : never);
interface ValueTests<S> {
  readonly eq?: Compared<S>;
  readonly in?: readonly Compared<S>[];
  readonly notIn?: readonly Compared<S>[];
}
interface BoundTests<S> {
  readonly gt?: Bound<S>;
  readonly gte?: Bound<S>;
  readonly lt?: Bound<S>;
  readonly lte?: Bound<S>;
}
type PresenceTests = Pick<FieldFilter, 'exists' | 'isNull'>;
type TextTests = Pick<FieldFilter, 'prefix' | 'text' | 'phrase'>;
type PlaceTests = Pick<FieldFilter, 'geoRadius' | 'geoBox'>;
type When<Condition, Tests> = [Condition] extends [never] ? unknown : Tests;

/** The tests that values of this type can pass; the server takes exactly one, bounds together. */
export type TestsOf<Value> = unknown extends Value
  ? Omit<FieldFilter, 'field'>
  : PresenceTests &
      When<Extract<Value, Scalar>, ValueTests<Extract<Value, Scalar>>> &
      When<Extract<Value, string | number | bigint>, BoundTests<Extract<Value, string | number | bigint>>> &
      When<Extract<Value, string>, TextTests> &
      When<Extract<Value, GeoPoint>, PlaceTests>;

type FieldFilterOf<P> = {
  [Path in PathOf<P>]: { readonly field: Path } & TestsOf<Tested<ValueAt<P, Path>>>;
}[PathOf<P>];
type Inner<Value> = Value extends Scalar ? never : Value extends object ? Value : never;
type NestedFilterOf<P> = {
  [Path in PathOf<P>]: Inner<Tested<ValueAt<P, Path>>> extends infer Item
    ? [Item] extends [never]
      ? never
      : { readonly nested: { readonly path: Path; readonly filter: FilterOf<Item> } }
    : never;
}[PathOf<P>];

/**
 * A filter of points with payloads of the type `P`: its fields are paths of `P`, and its tests those that their values can pass. Of payloads
 * whose keys are not known, any filter.
 */
export type FilterOf<P> =
  IsOpen<P> extends true
    ? Filter
    :
        | { readonly all: readonly FilterOf<P>[] }
        | { readonly any: readonly FilterOf<P>[] }
        | { readonly none: readonly FilterOf<P>[] }
        | { readonly ids: readonly string[] }
        | NestedFilterOf<P>
        | FieldFilterOf<P>;

type Values<Value> = Compared<Extract<Value, Scalar>>;
type Text<Value> = [Extract<Value, string>] extends [never] ? never : string;
type Place<Value, Argument> = [Extract<Value, GeoPoint>] extends [never] ? never : Argument;
/** The tests of values of one type; those that it cannot pass take no argument that there is. */
export interface FieldBuilderOf<P, Value> {
  /** The value, or one of those in a list, is this one. */
  eq(value: Values<Value>): FilterOf<P>;
  /** The value is one of the given values. */
  in(...values: Values<Value>[]): FilterOf<P>;
  /** No value is one of these; also matches points without a value. */
  notIn(...values: Values<Value>[]): FilterOf<P>;
  /** It is greater. Several bounds of one value belong into one `range` or `datetime`. */
  gt(bound: Bound<Value>): FilterOf<P>;
  /** The value is greater than or equal to the bound. */
  gte(bound: Bound<Value>): FilterOf<P>;
  /** The value is less than the bound. */
  lt(bound: Bound<Value>): FilterOf<P>;
  /** The value is less than or equal to the bound. */
  lte(bound: Bound<Value>): FilterOf<P>;
  /** The value is a number within all of these bounds. */
  range(bounds: Bounds<Extract<Bound<Value>, number | bigint>>): FilterOf<P>;
  /** The value is a time within all of these bounds. */
  datetime(bounds: Bounds<Text<Value> | (Text<Value> extends never ? never : Date)>): FilterOf<P>;
  /** It is a place at most so many meters from the center. */
  within(center: Place<Value, GeoPoint>, meters: number): FilterOf<P>;
  /** The value is a location within the box. */
  inBox(box: Place<Value, NonNullable<FieldFilter['geoBox']>>): FilterOf<P>;
  /** It is a text that begins so, letter by letter. */
  startsWith(prefix: Text<Value>): FilterOf<P>;
  /** It is a text that has every word of this one. */
  hasWords(text: Text<Value>): FilterOf<P>;
  /** It is a text that has these words next to each other, in this order. */
  phrase(phrase: Text<Value>): FilterOf<P>;
  /** There is a value that is not null; with `false`: there is none. */
  exists(exists?: boolean): FilterOf<P>;
  /** There is a null value; with `false`, there is none. */
  isNull(isNull?: boolean): FilterOf<P>;
}
/** The typed filter builder for payloads of the type `P`. */
export interface FilterBuilder<P> {
  /** All of the given filters match. */
  and(...all: FilterOf<P>[]): FilterOf<P>;
  /** At least one of the given filters matches. */
  or(...any: FilterOf<P>[]): FilterOf<P>;
  /** None of the given filters matches. */
  not(...none: FilterOf<P>[]): FilterOf<P>;
  /** The point has one of these ids. */
  hasId(...ids: string[]): FilterOf<P>;
  /** One object at the path matches the whole filter, whose paths begin in that object. */
  nested<Path extends PathOf<P>>(path: Path, filter: FilterOf<Inner<Tested<ValueAt<P, Path>>>>): FilterOf<P>;
  /** Starts a condition on the values at a path. */
  field<Path extends PathOf<P>>(path: Path): FieldBuilderOf<P, Tested<ValueAt<P, Path>>>;
}

/** `where` with the paths and values of one type of payloads: `whereOf<Paper>().field('year').gte(2020)`. */
export const whereOf = <P extends object>(): FilterBuilder<P> => where as never;
