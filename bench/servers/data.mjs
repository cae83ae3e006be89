// Points, queries and right answers, the same for every server. The id of a point is its row.

/** Labels are whole numbers below this, so that `label < 100` selects 10 % and `label < 10` selects 1 %. */
export const LABELS = 1000;
const TEXTS = ['name', 'section', 'priority', 'installed_size', 'summary'];

/**
 * `dataset`: vectors, payloads, queries and neighbours as `loadDataset` gives them. `words`: of each query. `random`: a seeded
 * generator of numbers in [0, 1), for the labels.
 */
export function comparisonData({ vectors, payloads, queries, neighbours }, words, random) {
  const labels = Array.from({ length: vectors.rows }, () => Math.floor(random() * LABELS));
  const truths = new Map();
  return {
    count: vectors.rows,
    dimension: vectors.columns,
    queries: Array.from({ length: queries.rows }, (_, at) => ({ vector: rowOf(queries, at), words: words[at] })),
    point: (at) => ({
      id: at,
      vector: rowOf(vectors, at),
      label: labels[at],
      texts: Object.fromEntries(TEXTS.map((name) => [name, String(payloads[at][name] ?? '')])),
    }),
    /** Rows of the nearest points of each query, best first; of those whose label is less than `below`, when it is given. */
    truth(below) {
      if (below === undefined) return Array.from({ length: neighbours.rows }, (_, at) => [...rowOf(neighbours, at)]);
      if (!truths.has(below)) {
        const allowed = [...labels.keys()].filter((at) => labels[at] < below);
        truths.set(below, nearest(vectors, queries, allowed, 10));
      }
      return truths.get(below);
    },
  };
}

const rowOf = ({ values, columns }, at) => values.subarray(at * columns, (at + 1) * columns);

/** The `k` of the allowed rows with the greatest cosine similarity to each query, best first; equal ones by row. */
export function nearest(vectors, queries, allowed, k) {
  const lengths = allowed.map((at) => Math.hypot(...rowOf(vectors, at)));
  return Array.from({ length: queries.rows }, (_, query) => {
    const asked = rowOf(queries, query);
    const scored = allowed.map((row, at) => {
      const point = rowOf(vectors, row);
      let product = 0;
      for (let d = 0; d < asked.length; d++) product += asked[d] * point[d];
      return [product / lengths[at], row];
    });
    scored.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
    return scored.slice(0, k).map(([, row]) => row);
  });
}

/** The mean share of the `k` right answers that were found; a query without an answer has found none. */
export function recallOf(found, truth, k) {
  let hits = 0;
  let wanted = 0;
  for (const [at, ids] of found.entries()) {
    const right = new Set(truth[at].slice(0, k));
    wanted += right.size;
    for (const id of new Set(ids.slice(0, k))) if (right.has(id)) hits += 1;
  }
  return hits / wanted;
}
