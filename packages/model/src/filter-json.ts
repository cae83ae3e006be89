import { VectronError } from '@vectron/errors';
import { filters } from '@vectron/proto';
import { hint } from './document.js';
import { isPlainObject, isWideInteger, NO_EXACT_FORM } from './exact-json.js';

/** A number is compared exactly, as the double or the integer that it is; integers beyond 2^53 are `bigint`. */
export type Scalar = string | number | bigint | boolean;
export interface GeoPoint {
  readonly lat: number;
  readonly lon: number;
}

/** A test of the values at a path of the payload; exactly one, bounds of a range together. */
export interface FieldFilter {
  /** Keys separated by dots; a backslash before a dot that is part of a key. Lists on the way are gone through. */
  readonly field: string;
  readonly eq?: Scalar;
  readonly in?: readonly Scalar[];
  /** Holds where there is no value, too. */
  readonly notIn?: readonly Scalar[];
  /** A number, or a time or date in one of the usual forms, such as RFC 3339, for times; so are the other bounds. */
  readonly gt?: number | bigint | string;
  readonly gte?: number | bigint | string;
  readonly lt?: number | bigint | string;
  readonly lte?: number | bigint | string;
  readonly geoRadius?: { readonly center: GeoPoint; readonly meters: number };
  /** West may be greater than east: the box then crosses the 180th meridian. */
  readonly geoBox?: { readonly north: number; readonly west: number; readonly south: number; readonly east: number };
  readonly prefix?: string;
  /** Every word of it. */
  readonly text?: string;
  /** Its words next to each other, in this order. */
  readonly phrase?: string;
  readonly exists?: boolean;
  readonly isNull?: boolean;
}

/** The JSON form of a filter, on REST and in the SDKs; proto/apigateway/filter.proto has the meaning of each. */
export type Filter =
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] }
  | { readonly none: readonly Filter[] }
  | { readonly ids: readonly string[] }
  | { readonly nested: { readonly path: string; readonly filter: Filter } }
  | FieldFilter;

const LISTS = ['all', 'any', 'none'] as const;
const BOUNDS = ['gt', 'gte', 'lt', 'lte'] as const;
/** Levels of filters below the first one. */
export const MAX_FILTER_DEPTH = 16;
const CONDITIONS: ReadonlySet<string> = new Set([...LISTS, 'ids', 'nested']);
const FORMS = 'all, any, none, ids, nested, or field with a test';
const KNOWN_TESTS: ReadonlySet<string> = new Set([
  ...BOUNDS,
  ...['eq', 'in', 'notIn', 'geoRadius', 'geoBox', 'prefix', 'text', 'phrase', 'exists', 'isNull'],
]);
const TESTS = 'eq, in, notIn, gt, gte, lt, lte, geoRadius, geoBox, prefix, text, phrase, exists or isNull';

type Json = Record<string, unknown>;
type Test = NonNullable<filters.FieldCondition['test']>;

/**
 * The message of a filter in JSON form; an empty object is the empty filter, which holds for every point. Throws INVALID_ARGUMENT naming the place of what is wrong; what needs the
 * collection to be judged is left to the shards.
 */
export function filterMessage(json: unknown, at = 'filter'): filters.Filter {
  const empty = Object.values(objectOf(json, at)).every((value) => value === undefined);
  return empty ? { condition: undefined } : filter(json, at, 0);
}

function filter(json: unknown, at: string, depth: number): filters.Filter {
  if (depth > MAX_FILTER_DEPTH) throw tooDeep(at);
  const object = objectOf(json, at);
  const keys = Object.keys(object).filter((key) => object[key] !== undefined);
  if (object.field !== undefined) return { condition: { $case: 'field', value: fieldCondition(object, at) } };
  const unknown = keys.find((key) => !CONDITIONS.has(key));
  if (unknown !== undefined) {
    throw VectronError.invalid(
      `${at}.${unknown}`,
      `${at}: unknown filter ${JSON.stringify(unknown)}; use one of ${FORMS}`,
    );
  }
  const [key] = keys;
  if (keys.length !== 1) throw VectronError.invalid(at, `${at}: a filter must have exactly one of ${FORMS}`);
  const list = LISTS.find((name) => name === key);
  if (list !== undefined) {
    const members = listOf(object[key], `${at}.${key}`);
    const value = { filters: members.map((one, i) => filter(one, `${at}.${key}[${i}]`, depth + 1)) };
    return { condition: { $case: list, value } };
  }
  if (key === 'ids') {
    const ids = listOf(object.ids, `${at}.ids`).map((id, i) => textOf(id, `${at}.ids[${i}]`));
    return { condition: { $case: 'ids', value: { ids } } };
  }
  const nested = objectOf(object.nested, `${at}.nested`);
  known(nested, ['path', 'filter'], `${at}.nested`);
  const path = textOf(nested.path, `${at}.nested.path`);
  const inner = filter(nested.filter, `${at}.nested.filter`, depth + 1);
  return { condition: { $case: 'nested', value: { path, filter: inner } } };
}

/** The place is that of the whole filter: that of the condition which is one too deep would be hundreds of letters. */
export function tooDeep(at: string): VectronError {
  const root = /^.*?(?=\.(?:all|any|none|nested)\b)/.exec(at)?.[0] ?? at;
  return VectronError.invalid(root, `${root}: filters can be nested at most ${MAX_FILTER_DEPTH} levels deep`);
}

const CAMEL: ReadonlyMap<string, string> = new Map([
  ['not_in', 'notIn'],
  ['geo_radius', 'geoRadius'],
  ['geo_box', 'geoBox'],
  ['is_null', 'isNull'],
]);

function fieldCondition(json: Json, at: string): filters.FieldCondition {
  const { field, ...rest } = json;
  const path = textOf(field, `${at}.field`);
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const names = given.map(([key]) => CAMEL.get(key) ?? key);
  const tests: Json = Object.fromEntries(given.map(([, value], i) => [names[i], value]));
  const unknown = names.find((name) => !KNOWN_TESTS.has(name));
  if (unknown !== undefined) {
    throw VectronError.invalid(
      `${at}.${unknown}`,
      `${at}: unknown test ${JSON.stringify(unknown)}; use one of ${TESTS}`,
    );
  }
  const ranged = names.length > 0 && names.every((name) => BOUNDS.some((bound) => bound === name));
  if (ranged) return { path, test: range(tests, at) };
  if (names.length !== 1) throw VectronError.invalid(at, `${at}: a field must have exactly one test: ${TESTS}`);
  return { path, test: test(names[0], tests[names[0]], at) };
}

function range(bounds: Json, at: string): Test {
  const values = Object.values(bounds);
  if (values.every((value) => typeof value === 'string')) {
    for (const [name, value] of Object.entries(bounds)) textOf(value, `${at}.${name}`);
    return { $case: 'datetime', value: bounds };
  }
  if (!values.every((value) => typeof value === 'number' || typeof value === 'bigint')) {
    const hints = values.map(hint).find((text) => text !== '') ?? '';
    throw VectronError.invalid(at, `${at}: all bounds must be numbers, or all must be times${hints}`);
  }
  const range: filters.NumberRange = {};
  for (const name of BOUNDS) {
    const value = bounds[name] as number | bigint | undefined;
    if (value === undefined) continue;
    if (typeof value === 'bigint' && !isSafe(value)) range[`${name}Exact`] = integerScalar(value, `${at}.${name}`);
    else range[name] = numberOf(Number(value), `${at}.${name}`);
  }
  return { $case: 'number', value: range };
}

function test(name: string, value: unknown, parent: string): Test {
  const at = `${parent}.${name}`;
  switch (name) {
    case 'eq':
      return { $case: 'in', value: { values: [scalar(value, at)] } };
    case 'in':
    case 'notIn': {
      const values = listOf(value, at).map((one, i) => scalar(one, `${at}[${i}]`));
      return { $case: name, value: { values } };
    }
    case 'geoRadius': {
      const { center, meters, ...other } = objectOf(value, at);
      known(other, [], at);
      const { lat, lon, ...others } = objectOf(center, `${at}.center`);
      known(others, [], `${at}.center`);
      const point = { lat: numberOf(lat, `${at}.center.lat`), lon: numberOf(lon, `${at}.center.lon`) };
      return { $case: 'geoRadius', value: { center: point, meters: numberOf(meters, `${at}.meters`) } };
    }
    case 'geoBox': {
      const box = objectOf(value, at);
      known(box, ['north', 'west', 'south', 'east'], at);
      const edge = (side: string) => numberOf(box[side], `${at}.${side}`);
      return {
        $case: 'geoBox',
        value: { north: edge('north'), west: edge('west'), south: edge('south'), east: edge('east') },
      };
    }
    case 'prefix':
    case 'text':
    case 'phrase':
      return { $case: name, value: textOf(value, at) };
    default:
      if (typeof value !== 'boolean') throw VectronError.invalid(at, `${at} must be true or false${hint(value)}`);
      return { $case: name as 'exists' | 'isNull', value };
  }
}

function scalar(value: unknown, at: string): filters.Scalar {
  if (typeof value === 'string') return { value: { $case: 'text', value: textOf(value, at) } };
  if (typeof value === 'boolean') return { value: { $case: 'flag', value } };
  if (typeof value === 'bigint') return integerScalar(value, at);
  const number = numberOf(value, at, 'a string, a finite number, true or false');
  return Number.isSafeInteger(number)
    ? integerScalar(BigInt(number), at)
    : { value: { $case: 'number', value: number } };
}

const isSafe = (integer: bigint) => Number.isSafeInteger(Number(integer));

function integerScalar(value: bigint, at: string): filters.Scalar {
  if (!isWideInteger(value)) throw VectronError.invalid(at, `${at} ${NO_EXACT_FORM}`);
  return { value: { $case: value < 2n ** 63n ? 'integer' : 'unsigned', value } };
}

function objectOf(value: unknown, at: string): Json {
  if (!isPlainObject(value)) throw VectronError.invalid(at, `${at} must be an object${hint(value)}`);
  return value;
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value) || Object.keys(value).length !== value.length) {
    throw VectronError.invalid(at, `${at} must be a list without gaps${hint(value)}`);
  }
  return value;
}

function textOf(value: unknown, at: string): string {
  if (typeof value !== 'string') throw VectronError.invalid(at, `${at} must be a string${hint(value)}`);
  if (!value.isWellFormed()) throw VectronError.invalid(at, `${at} must be a string of valid Unicode`);
  return value;
}

function numberOf(value: unknown, at: string, what = 'a finite number'): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw VectronError.invalid(at, `${at} must be ${what}${hint(value)}`);
  return value;
}

function known(object: Json, names: readonly string[], at: string): void {
  const other = Object.keys(object).find((key) => object[key] !== undefined && !names.includes(key));
  if (other !== undefined) throw VectronError.invalid(`${at}.${other}`, `${at}: unknown field ${other}`);
}
