/** Keys separated by dots; a backslash before a dot or a backslash makes it part of the key. */
function keysOf(path: string): string[] {
  const keys = [''];
  for (let at = 0; at < path.length; at++) {
    if (path[at] === '.') keys.push('');
    else keys[keys.length - 1] += path[at] === '\\' ? (path[++at] ?? '') : path[at];
  }
  return keys;
}

/** The values at a path; lists on the way, and at its end, are gone through. */
export function valuesAt(document: unknown, path: string): unknown[] {
  const walk = (value: unknown, keys: readonly string[]): unknown[] => {
    if (Array.isArray(value)) return value.flatMap((item) => walk(item, keys));
    if (keys.length === 0) return [value];
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, keys[0])) return [];
    return walk((value as Record<string, unknown>)[keys[0]], keys.slice(1));
  };
  return walk(document, keysOf(path));
}
