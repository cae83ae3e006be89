import { VectronError } from '@vectron/errors';
import { InexactNumber } from '@vectron/model';

const isLarge = (one: unknown) => typeof one === 'bigint' || one instanceof InexactNumber;

/**
 * The list of a vector from parseJson, in which large numbers are exact: a vector takes the nearest doubles. Throws
 * INVALID_ARGUMENT naming what is no number; `at`: the place of the vector.
 */
export function floatsOf(list: readonly unknown[], at: string): number[] {
  if (list.every((one) => typeof one === 'number')) return list as number[];
  return list.map((one, i) => {
    if (typeof one === 'number') return one;
    if (isLarge(one)) return Number(one);
    throw VectronError.invalid('vector', `${at}[${i}] must be a number, not ${shown(one)}`);
  });
}

/** A value as an error shows it, shortened. */
export function shown(value: unknown): string {
  const text =
    JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? 'nothing';
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}

/** As floatsOf, for every dense vector of a point that parseJson read; other values are left to the checks of a point. */
export function withFloats<P extends { readonly vector?: unknown; readonly vectors?: unknown }>(
  point: P,
  at: string,
): P {
  const { vector, vectors } = point;
  const floats = (value: unknown, name: string) => (Array.isArray(value) ? floatsOf(value, `${at}: ${name}`) : value);
  if (typeof vectors !== 'object' || vectors === null) return { ...point, vector: floats(vector, 'vector') };
  const named = Object.entries(vectors).map(([name, one]) => [name, floats(one, `vectors.${name}`)]);
  return { ...point, vector: floats(vector, 'vector'), vectors: Object.fromEntries(named) };
}
