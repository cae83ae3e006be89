import { isPlainObject, parseJson, stringifyJson } from '@vectron/model/exact-json';

/** A filter as the builder shows it: one condition, or several under one of `all`, `any` and `none`. */
export type FilterNode =
  | { readonly kind: 'group'; readonly op: GroupOp; readonly nodes: readonly FilterNode[] }
  | { readonly kind: 'field'; readonly path: string; readonly test: Test; readonly value: string }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** One that the builder has no fields for, such as a place or a nested filter: it stays as it is. */
  | { readonly kind: 'other'; readonly json: unknown };
export type GroupOp = (typeof GROUP_OPS)[number];
export const GROUP_OPS = ['all', 'any', 'none'] as const;

/** Tests of one value, of several, of a text, and of none. */
export const TESTS = [
  'eq',
  'in',
  'notIn',
  'gt',
  'gte',
  'lt',
  'lte',
  'prefix',
  'text',
  'phrase',
  'exists',
  'isNull',
] as const;
export type Test = (typeof TESTS)[number];
const LISTS: readonly Test[] = ['in', 'notIn'];
const WORDS: readonly Test[] = ['prefix', 'text', 'phrase'];
const FLAGS: readonly Test[] = ['exists', 'isNull'];
export const isFlag = (test: Test): boolean => FLAGS.includes(test);

export const NEW_FIELD: FilterNode = { kind: 'field', path: '', test: 'eq', value: '' };
export const EMPTY: FilterNode = { kind: 'group', op: 'all', nodes: [] };

type Json = Record<string, unknown>;

/** The nodes of a filter's JSON text; of an empty text, a group of none. Throws when it is not JSON, or not an object. */
export function nodesOf(text: string): FilterNode {
  if (text.trim() === '') return EMPTY;
  const json = parseJson(text, 'filter');
  if (!isPlainObject(json)) throw new SyntaxError('a filter is a JSON object');
  if (Object.keys(json).length === 0) return EMPTY;
  const node = nodeOf(json);
  return node.kind === 'group' ? node : { kind: 'group', op: 'all', nodes: [node] };
}

function nodeOf(json: unknown): FilterNode {
  if (!isPlainObject(json)) return { kind: 'other', json };
  const keys = Object.keys(json);
  const op = GROUP_OPS.find((name) => name === keys[0]);
  const list = op === undefined ? undefined : json[op];
  if (op !== undefined && keys.length === 1 && Array.isArray(list))
    return { kind: 'group', op, nodes: list.map(nodeOf) };
  const { ids } = json;
  if (keys.length === 1 && Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return { kind: 'ids', ids };
  return fieldOf(json) ?? { kind: 'other', json };
}

function fieldOf(json: Json): FilterNode | undefined {
  const { field, ...tests } = json;
  const [name, ...others] = Object.keys(tests);
  const test = TESTS.find((one) => one === name);
  if (typeof field !== 'string' || test === undefined || others.length > 0) return undefined;
  const value = tests[test];
  if (FLAGS.includes(test)) return typeof value === 'boolean' ? made(field, test, String(value)) : undefined;
  if (WORDS.includes(test)) return typeof value === 'string' ? made(field, test, value) : undefined;
  if (LISTS.includes(test)) {
    return Array.isArray(value) && value.every(isScalar)
      ? made(field, test, value.map((one) => scalarText(one, true)).join(', '))
      : undefined;
  }
  return isScalar(value) ? made(field, test, scalarText(value, false)) : undefined;
}

const made = (path: string, test: Test, value: string): FilterNode => ({ kind: 'field', path, test, value });
const isScalar = (value: unknown) => ['string', 'number', 'bigint', 'boolean'].includes(typeof value);

/** Strings that would be read as something else stand in quotes. */
function scalarText(value: unknown, inList: boolean): string {
  if (typeof value !== 'string') return stringifyJson(value);
  const isClear =
    scalarOf(value) === value && value.trim() === value && value !== '' && !(inList && value.includes(','));
  return isClear ? value : JSON.stringify(value);
}

/** A number, a boolean or a string in quotes as JSON has them; anything else is a string as it stands. */
function scalarOf(text: string): unknown {
  try {
    const value = parseJson(text.trim(), 'value');
    return isScalar(value) ? value : text;
  } catch {
    return text;
  }
}

/** Items between commas that are not within quotes. */
const itemsOf = (text: string): unknown[] =>
  (text.match(/\s*(?:"(?:\\.|[^"\\])*"|[^,]+)/g) ?? [])
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map(scalarOf);

/** The JSON text of the nodes; empty for a group of none, which is no filter. */
export function filterText(root: FilterNode): string {
  if (root.kind === 'group' && root.nodes.length === 0) return '';
  const single = root.kind === 'group' && root.op === 'all' && root.nodes.length === 1 ? root.nodes[0] : root;
  return stringifyJson(jsonOf(single), 'filter', 2);
}

function jsonOf(node: FilterNode): unknown {
  switch (node.kind) {
    case 'group':
      return { [node.op]: node.nodes.map(jsonOf) };
    case 'ids':
      return { ids: node.ids };
    case 'other':
      return node.json;
    default:
      return { field: node.path, [node.test]: testValue(node.test, node.value) };
  }
}

function testValue(test: Test, value: string): unknown {
  if (FLAGS.includes(test)) return value !== 'false';
  if (WORDS.includes(test)) return value;
  return LISTS.includes(test) ? itemsOf(value) : scalarOf(value);
}
