import { VectronError } from '@vectron/errors';
import type { filters } from '@vectron/proto';
import { MAX_FILTER_DEPTH, tooDeep } from './filter-json.js';

/**
 * Throws INVALID_ARGUMENT unless the message of a filter is one that its JSON form can have made; the place is that of the
 * JSON form, so that a wrong filter is told in the same words on every wire. An empty filter is one only at the root.
 */
export function checkFilter(filter: filters.Filter, at: string): void {
  if (filter.condition !== undefined) condition(filter, at, 0);
}

function condition({ condition: given }: filters.Filter, at: string, depth: number): void {
  if (depth > MAX_FILTER_DEPTH) throw tooDeep(at);
  switch (given?.$case) {
    case 'all':
    case 'any':
    case 'none':
      given.value.filters.forEach((one, i) => {
        condition(one, `${at}.${given.$case}[${i}]`, depth + 1);
      });
      return;
    case 'nested':
      if (given.value.filter === undefined)
        throw VectronError.invalid(`${at}.nested.filter`, `${at}.nested requires a filter`);
      condition(given.value.filter, `${at}.nested.filter`, depth + 1);
      return;
    case 'field':
      test(given.value, at);
      return;
    case 'ids':
      return;
    default:
      throw VectronError.invalid(at, `${at}: a filter must have a condition`);
  }
}

function test({ test: given }: filters.FieldCondition, at: string): void {
  switch (given?.$case) {
    case undefined:
      throw VectronError.invalid(at, `${at}: a field must have exactly one test`);
    case 'in':
    case 'notIn':
      given.value.values.forEach((one, i) => {
        scalar(one, `${at}.${given.$case}[${i}]`);
      });
      return;
    case 'number': {
      const { gtExact, gteExact, ltExact, lteExact, ...bounds } = given.value;
      numbers(bounds, at);
      for (const [name, one] of Object.entries({ gt: gtExact, gte: gteExact, lt: ltExact, lte: lteExact })) {
        if (one !== undefined) scalar(one, `${at}.${name}`);
      }
      return;
    }
    case 'geoRadius':
      numbers({ meters: given.value.meters }, `${at}.geoRadius`);
      numbers({ ...given.value.center }, `${at}.geoRadius.center`);
      return;
    case 'geoBox':
      numbers({ ...given.value }, `${at}.geoBox`);
      return;
    default:
  }
}

function scalar({ value }: filters.Scalar, at: string): void {
  if (value === undefined || (value.$case === 'number' && !Number.isFinite(value.value))) {
    throw VectronError.invalid(at, `${at} must be a string, a finite number, true or false`);
  }
}

function numbers(values: Readonly<Record<string, number | undefined>>, at: string): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && !Number.isFinite(value)) {
      throw VectronError.invalid(`${at}.${name}`, `${at}.${name} must be a finite number`);
    }
  }
}
