import { VectronError } from '@vectron/errors';
import { CONTRACT, type FieldContract, type FieldRules, messageOf } from '@vectron/proto';
import { checkFilter } from '../filter-check.js';
import type { Message } from './read-json.js';

type Check = (message: Message, at: string) => void;

const checks = new Map<string, readonly Check[]>();

/**
 * Throws INVALID_ARGUMENT naming the first field of the message `name` that is outside of what its proto declares with
 * buf.validate. Limits that depend on other fields or on the collection are checked by who knows them.
 */
export function checkRules(name: string, message: object, at = ''): void {
  for (const check of checksOf(name)) check(message as Message, at);
}

function checksOf(name: string): readonly Check[] {
  const known = checks.get(name);
  if (known !== undefined) return known;
  const own: Check[] = [];
  checks.set(name, own);
  for (const field of messageOf(name).fields) {
    const check = fieldCheck(field);
    if (check !== undefined) own.push(check);
  }
  return own;
}

/** Undefined when nothing in or below the field has a rule. */
function fieldCheck(field: FieldContract): Check | undefined {
  const { json, name, rules, list, key, optional } = field;
  const inner = nested(field);
  if (rules === undefined && inner === undefined) return undefined;
  const own = rules === undefined ? undefined : valueCheck(rules, list === true);
  return (message, at) => {
    const value = message[json];
    if (value === undefined && (optional || field.type === 'message')) return;
    const place = at === '' ? name : `${at}.${name}`;
    own?.(value, place);
    if (inner === undefined || value === undefined) return;
    if (list) {
      for (let i = 0; i < (value as never[]).length; i++) inner((value as never[])[i], `${place}[${i}]`);
    } else if (key !== undefined) {
      for (const [entry, one] of value as Map<unknown, never>) inner(one, `${place}.${String(entry)}`);
    } else inner(value as never, place);
  };
}

const searching = new Set<string>();

/** The check of the messages in a field; undefined when they have no rules either. */
function nested({ type, ref = '' }: FieldContract): ((value: never, at: string) => void) | undefined {
  if (isFilter(ref)) return checkFilter;
  if (type !== 'message' || ref.startsWith('google.') || !hasRules(ref)) return undefined;
  return (value: object, at) => checkRules(ref, value, at);
}

const isFilter = (ref: string) => ref !== '' && CONTRACT.messages[ref]?.form === 'filter';

function hasRules(name: string): boolean {
  // A message within itself adds nothing that is not found elsewhere in it.
  if (searching.has(name)) return false;
  searching.add(name);
  try {
    return messageOf(name).fields.some(
      ({ rules, type, ref = '' }) =>
        rules !== undefined || isFilter(ref) || (type === 'message' && !ref.startsWith('google.') && hasRules(ref)),
    );
  } finally {
    searching.delete(name);
  }
}

function valueCheck(rules: FieldRules, list: boolean): (value: unknown, at: string) => void {
  const tests: ((value: never, at: string) => string | undefined)[] = [];
  const { minLen, maxLen, minBytes, maxBytes, len, pattern, minItems, maxItems, unique } = rules;
  if (rules.in !== undefined) {
    const allowed = new Set<unknown>(rules.in);
    const shown = rules.in.filter((one) => one !== '').join(', ');
    tests.push((value) => (allowed.has(value) ? undefined : `must be one of ${shown}, not ${String(value)}`));
  }
  const range = rangeOf(rules);
  if (range !== undefined) tests.push(range);
  if (list) {
    tests.push((value: unknown[]) => {
      if (minItems !== undefined && value.length < minItems) return `must have at least ${minItems} items`;
      if (maxItems !== undefined && value.length > maxItems) {
        return `must have at most ${maxItems} items, not ${value.length}`;
      }
      return unique && new Set(value).size < value.length ? 'must not have an item twice' : undefined;
    });
  } else {
    if (len !== undefined) {
      tests.push((value: Buffer) => (value.length === len ? undefined : `must be ${len} bytes, not ${value.length}`));
    }
    if (minBytes !== undefined || maxBytes !== undefined) {
      tests.push((value: string) => outside(Buffer.byteLength(value), minBytes, maxBytes, 'bytes of UTF-8'));
    }
    if (minLen !== undefined || maxLen !== undefined) {
      tests.push((value: string | Buffer) => {
        if (typeof value !== 'string') return outside(value.length, minLen, maxLen, 'bytes');
        // A code point has one or two code units: most strings need no count.
        const short = value.length <= (maxLen ?? value.length) && value.length >= 2 * (minLen ?? 0);
        return short ? undefined : outside([...value].length, minLen, maxLen, 'characters');
      });
    }
    if (pattern !== undefined) {
      const expression = new RegExp(pattern, 'u');
      tests.push((value: string) => (expression.test(value) ? undefined : `must match ${pattern}`));
    }
  }
  // After the count of the list: no more is looked at than the list may have.
  const item = list && rules.items !== undefined ? valueCheck(rules.items, false) : undefined;
  return (value, at) => {
    for (const test of tests) {
      const wrong = test(value as never, at);
      if (wrong !== undefined) throw VectronError.invalid(at, `${at} ${wrong}`);
    }
    if (item === undefined) return;
    const items = value as readonly unknown[];
    for (let i = 0; i < items.length; i++) item(items[i], `${at}[${i}]`);
  };
}

function outside(size: number, min = 0, max = Number.POSITIVE_INFINITY, unit: string): string | undefined {
  if (size >= min && size <= max) return undefined;
  const range =
    max === Number.POSITIVE_INFINITY ? `at least ${min}` : min === 0 ? `at most ${max}` : `${min} to ${max}`;
  return `must have ${range} ${unit}, not ${size}`;
}

/** NaN is in no range. */
function rangeOf({ lt, lte, gt, gte, finite }: FieldRules) {
  if ([lt, lte, gt, gte].every((bound) => bound === undefined) && !finite) return undefined;
  const bounds = [
    ...(gt === undefined ? [] : [`more than ${gt}`]),
    ...(gte === undefined ? [] : [`at least ${gte}`]),
    ...(lt === undefined ? [] : [`less than ${lt}`]),
    ...(lte === undefined ? [] : [`at most ${lte}`]),
    ...(finite ? ['finite'] : []),
  ];
  const message = `must be ${bounds.join(' and ')}`;
  return (value: number | bigint): string | undefined => {
    const holds =
      (gt === undefined || value > gt) &&
      (gte === undefined || value >= gte) &&
      (lt === undefined || value < lt) &&
      (lte === undefined || value <= lte) &&
      (!finite || Number.isFinite(Number(value)));
    return holds ? undefined : `${message}, not ${value}`;
  };
}
