import { shownValue, valueAt } from '../path';

/** An entry of the legend: a value, or range of values, and the points that have it. */
export interface Shade {
  readonly label: string;
  readonly colour: string;
  /** Places of the points in the list. */
  readonly points: readonly number[];
}

/** Tableau's ten colours, told apart by most people on light and dark. */
const CATEGORIES = ['#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#76b7b2', '#edc948', '#b07aa1', '#ff9da7', '#9c755f'];
const OTHER = '#8a8f98';
const PLAIN = '#4e79a7';
/** Viridis in eight steps, from low to high. */
const STEPS = ['#440154', '#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#fde725'];
/** Numbers of fewer values are told apart one by one. */
const FEW = CATEGORIES.length;

/** Points by the values of a field: numbers in steps of equal counts, other values by how often they are. */
export function shadesOf(payloads: readonly unknown[], path: string): Shade[] {
  if (path === '')
    return [
      { label: `${payloads.length.toLocaleString('en')} points`, colour: PLAIN, points: payloads.map((_, at) => at) },
    ];
  const values = payloads.map((payload) => valueAt(payload, path));
  const numbers = values.filter((value) => typeof value === 'number' || typeof value === 'bigint').map(Number);
  const isMeasure = numbers.length > values.length / 2 && new Set(numbers).size > FEW;
  return isMeasure ? byQuantile(values, numbers) : byValue(values);
}

function byValue(values: readonly unknown[]): Shade[] {
  const groups = new Map<string, number[]>();
  values.forEach((value, at) => {
    const label = value === undefined ? 'no value' : shownValue(value);
    const group = groups.get(label);
    if (group) group.push(at);
    else groups.set(label, [at]);
  });
  const sorted = [...groups].sort((a, b) => b[1].length - a[1].length);
  const shown = sorted.slice(0, FEW).map(([label, points], at) => ({ label, points, colour: CATEGORIES[at] }));
  const others = sorted.slice(FEW);
  if (others.length === 0) return shown;
  const points = others.flatMap(([, group]) => group);
  return [{ label: `${others.length.toLocaleString('en')} other values`, colour: OTHER, points }, ...shown];
}

function byQuantile(values: readonly unknown[], numbers: readonly number[]): Shade[] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const bounds = STEPS.map((_, step) => sorted[Math.floor((step * sorted.length) / STEPS.length)]);
  const groups: number[][] = STEPS.map(() => []);
  const without: number[] = [];
  values.forEach((value, at) => {
    const isNumber = typeof value === 'number' || typeof value === 'bigint';
    const group = isNumber ? groups[bounds.findLastIndex((bound) => bound <= Number(value))] : without;
    group.push(at);
  });
  const shades = groups.map((points, step) => ({ label: `from ${bounds[step]}`, colour: STEPS[step], points }));
  const none = { label: 'no number', colour: OTHER, points: without };
  return [...(without.length > 0 ? [none] : []), ...shades.filter(({ points }) => points.length > 0)];
}
