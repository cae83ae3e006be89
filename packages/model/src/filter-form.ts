import { VectronError } from '@vectron/errors';
import type { filters } from '@vectron/proto';
import type { FieldFilter, Filter, Scalar } from './filter-json.js';

/**
 * The JSON form of a filter message: `filterMessage` makes the message of it again. Only the whole filter may be empty, and
 * is an empty object then.
 */
export function filterJson(filter: filters.Filter): Filter | Record<string, never> {
  return filter.condition === undefined ? {} : conditionJson(filter);
}

function conditionJson({ condition }: filters.Filter): Filter {
  switch (condition?.$case) {
    case 'all':
      return { all: condition.value.filters.map(conditionJson) };
    case 'any':
      return { any: condition.value.filters.map(conditionJson) };
    case 'none':
      return { none: condition.value.filters.map(conditionJson) };
    case 'ids':
      return { ids: condition.value.ids };
    case 'nested': {
      const { path, filter } = condition.value;
      return { nested: { path, filter: conditionJson(filter ?? { condition: undefined }) } };
    }
    case 'field':
      return { field: condition.value.path, ...testJson(condition.value.test) };
    default:
      throw VectronError.invalid('filter', 'a filter must have a condition');
  }
}

function testJson(test: filters.FieldCondition['test']): Omit<FieldFilter, 'field'> {
  if (test === undefined) throw VectronError.invalid('filter', 'a field must have a test');
  switch (test.$case) {
    case 'in':
    case 'notIn':
      return { [test.$case]: test.value.values.map(scalarJson) };
    case 'number': {
      const { gtExact, gteExact, ltExact, lteExact, ...bounds } = test.value;
      const exact = { gt: gtExact, gte: gteExact, lt: ltExact, lte: lteExact };
      const given = Object.entries(exact).flatMap(([name, one]) =>
        one === undefined ? [] : [[name, scalarJson(one)]],
      );
      return { ...defined(bounds), ...Object.fromEntries(given) };
    }
    case 'datetime':
      return defined(test.value);
    case 'geoRadius': {
      const { center, meters } = test.value;
      return { geoRadius: { center: center ?? { lat: 0, lon: 0 }, meters } };
    }
    default:
      return { [test.$case]: test.value };
  }
}

/** An integer that a double cannot hold stays a bigint. */
function scalarJson({ value }: filters.Scalar): Scalar {
  if (value === undefined) throw VectronError.invalid('filter', 'a value must be a string, a number, true or false');
  if (typeof value.value !== 'bigint') return value.value;
  const number = Number(value.value);
  return Number.isSafeInteger(number) ? number : value.value;
}

const defined = (bounds: object) => Object.fromEntries(Object.entries(bounds).filter(([, one]) => one !== undefined));
