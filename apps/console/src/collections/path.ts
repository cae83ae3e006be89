import { stringifyJson } from '@vectron/model/exact-json';

/** The keys of a path: a backslash stands before a dot that is part of a key. */
export function keysOf(path: string): string[] {
  return (path.match(/(?:\\.|[^.\\])+/g) ?? []).map((key) => key.replaceAll(/\\(.)/g, '$1'));
}
export const pathOf = (keys: readonly string[]): string =>
  keys.map((key) => key.replaceAll(/[.\\]/g, '\\$&')).join('.');

/** The value at a path of a payload; of a list on the way, the list of the values in its items. */
export function valueAt(payload: unknown, path: string): unknown {
  let value = payload;
  for (const key of keysOf(path)) value = within(value, key);
  return value;
}

function within(value: unknown, key: string): unknown {
  if (Array.isArray(value)) {
    const found = value.map((item) => within(item, key)).filter((item) => item !== undefined);
    return found.length === 0 ? undefined : found;
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

/** Deeper fields are not offered. */
const DEEPEST = 3;

/** The paths of the fields of these payloads, those of the most payloads first. */
export function pathsIn(payloads: readonly unknown[]): string[] {
  const counts = new Map<string, number>();
  const walk = (value: unknown, keys: readonly string[]) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const path = pathOf(keys);
      if (path !== '') counts.set(path, (counts.get(path) ?? 0) + 1);
      return;
    }
    for (const [key, item] of Object.entries(value)) if (keys.length < DEEPEST) walk(item, [...keys, key]);
  };
  for (const payload of payloads) walk(payload, []);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([path]) => path);
}

/** A value as people read it, every digit of it: strings as they are, the rest as JSON. */
export const shownValue = (value: unknown): string => {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : stringifyJson(value);
};
