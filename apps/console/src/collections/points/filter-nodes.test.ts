import { describe, expect, it } from '@jest/globals';
import { parseJson } from '@vectron/model/exact-json';
import { type FilterNode, filterText, nodesOf } from './filter-nodes.js';

const again = (text: string) => parseJson(filterText(nodesOf(text)), 'filter');
const field = (test: string, value: string): FilterNode =>
  ({ kind: 'group', op: 'all', nodes: [{ kind: 'field', path: 'p', test, value }] }) as FilterNode;

describe('the conditions of a filter', () => {
  it.each([
    ['{"field": "a.b", "eq": 9007199254740993}'],
    ['{"field": "a", "eq": -9223372036854775808}'],
    ['{"field": "a", "eq": "12"}'],
    ['{"field": "a", "eq": "true"}'],
    ['{"field": "a", "eq": ""}'],
    ['{"field": "a", "eq": " padded "}'],
    ['{"field": "a", "in": ["x, y", "12", 12, 18446744073709551615, true, "quo\\"te"]}'],
    ['{"field": "a", "gte": 0.1}'],
    ['{"field": "a", "lt": "2024-01-02"}'],
    ['{"field": "a", "gte": 1, "lt": 5}'],
    ['{"field": "a", "text": "12"}'],
    ['{"field": "a", "exists": false}'],
    ['{"ids": ["a", "b,c"]}'],
    ['{"any": [{"all": [{"field": "a", "eq": 1}]}, {"none": [{"field": "b", "prefix": "x"}]}]}'],
    ['{"nested": {"path": "parts", "filter": {"field": "x", "eq": 1}}}'],
    ['{"field": "place", "geoRadius": {"center": {"lat": 48.1, "lon": 11.6}, "meters": 500}}'],
    ['{"all": [{"field": "a", "eq": 1}, {"field": "b", "notIn": []}]}'],
  ])('are read from JSON and written as the same JSON: %s', (text) => {
    expect(again(text)).toEqual(parseJson(text, 'filter'));
  });

  it('read an empty text and an empty object as no condition, which is an empty text', () => {
    expect(filterText(nodesOf(''))).toBe('');
    expect(filterText(nodesOf(' {} '))).toBe('');
  });

  it.each([
    ['eq', '9007199254740993', 9007199254740993n],
    ['eq', 'mail', 'mail'],
    ['eq', '"7"', '7'],
    ['gt', '1.5', 1.5],
    ['in', 'a, "b, c", 3', ['a', 'b, c', 3]],
    ['prefix', '7', '7'],
    ['isNull', 'true', true],
  ])('take a value of %s as it is typed: %s', (test, value, expected) => {
    expect(parseJson(filterText(field(test, value)), 'filter')).toEqual({ field: 'p', [test]: expected });
  });

  it.each([['[1]'], ['{"field"'], ['7']])('refuse what is not an object: %s', (text) => {
    expect(() => nodesOf(text)).toThrow();
  });
});
