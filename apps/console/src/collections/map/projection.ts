import { PCA } from 'ml-pca';

/** Axes are found from so many points at most: more of them hardly turn the axes, and cost time. */
const MOST_FITTED = 5_000;

export interface Vectors {
  /** Vectors one after the other, `dimension` numbers each. */
  readonly values: Float32Array;
  readonly dimension: number;
}
export interface Projection {
  /** x and y of each point in turn. */
  readonly places: Float32Array;
  /** Points that the axes were found from. */
  readonly fitted: number;
  /** Share of the variance of these points along the two axes. */
  readonly explained: number;
}

/** Every n-th row, so that the choice does not depend on chance. */
function sampled({ values, dimension }: Vectors): number[][] {
  const points = values.length / dimension;
  const step = Math.max(1, points / MOST_FITTED);
  const rows: number[][] = [];
  for (let at = 0; at < points && rows.length < MOST_FITTED; at += step) {
    const row = Math.floor(at);
    rows.push(Array.from(values.subarray(row * dimension, (row + 1) * dimension)));
  }
  return rows;
}

/** The two principal components of the points; of one dimension, the values themselves. At least two points. */
export function project(vectors: Vectors): Projection {
  const { values, dimension } = vectors;
  const points = values.length / dimension;
  const rows = sampled(vectors);
  const columns = Math.min(2, dimension);
  const pca = new PCA(rows, { method: 'NIPALS', nCompNIPALS: columns, center: true, scale: false });
  const axes = pca.getEigenvectors().to2DArray();
  const loadings = axes.length === dimension ? axes : transposed(axes);
  const means = meansOf(rows, dimension);
  const places = new Float32Array(points * 2);
  for (let point = 0; point < points; point += 1) {
    for (let axis = 0; axis < columns; axis += 1) {
      let sum = 0;
      for (let at = 0; at < dimension; at += 1)
        sum += (values[point * dimension + at] - means[at]) * loadings[at][axis];
      // Equal points have no axes.
      places[point * 2 + axis] = Number.isFinite(sum) ? sum : 0;
    }
  }
  return { places, fitted: rows.length, explained: explainedBy(rows, means, loadings, columns) };
}

const transposed = (rows: readonly number[][]): number[][] =>
  rows[0].map((_, column) => rows.map((row) => row[column]));

function meansOf(rows: readonly number[][], dimension: number): Float64Array {
  const means = new Float64Array(dimension);
  for (const row of rows) for (let at = 0; at < dimension; at += 1) means[at] += row[at] / rows.length;
  return means;
}

/** Of points that are all equal there is no variance, and nothing of it is hidden. */
function explainedBy(
  rows: readonly number[][],
  means: Float64Array,
  loadings: readonly number[][],
  columns: number,
): number {
  let all = 0;
  let along = 0;
  for (const row of rows) {
    const scores = new Float64Array(columns);
    for (let at = 0; at < row.length; at += 1) {
      const value = row[at] - means[at];
      all += value * value;
      for (let axis = 0; axis < columns; axis += 1) scores[axis] += value * loadings[at][axis];
    }
    for (const score of scores) along += score * score;
  }
  return all === 0 ? 1 : along / all;
}
