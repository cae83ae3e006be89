// What smoke.mjs runs in a process with a database: more points than are compared one by one, so that there is a graph; they are there
// after the database was closed and opened again, and searches find what exact ones find.
import { open } from '@vectron/sdk';

const POINTS = 3000;
const DIMENSION = 48;
const LEAST_RECALL = 0.95;

let state = 1;
/** -1 to 1, the same on every run. */
const random = () => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return state / 0x40000000 - 1;
};
const vector = () => Array.from({ length: DIMENSION }, random);
const points = Array.from({ length: POINTS }, (_, i) => ({
  id: `p${i}`,
  vector: vector(),
  payload: { even: i % 2 === 0 },
}));

const check = (what, holds) => {
  if (!holds) throw new Error(`not so: ${what}`);
};
const indexed = async (db) => {
  for (;;) {
    const { indexLag } = await db.collectionStatus('tried');
    if (Number(indexLag) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

let db = await open('./tried');
await db.createCollection('tried', { dimension: DIMENSION, vectors: { quantization: 'int8' } });
await db.upsert('tried', points);
await indexed(db);
await db.close();
db = await open('./tried');
await indexed(db);
const { count } = await db.count('tried', {});
check(`${count} points of ${POINTS} are there after it was opened again`, Number(count) === POINTS);
const own = await db.search('tried', { vector: points[7].vector, topK: 3 });
check('a point is found by its own vector', own.hits[0].id === 'p7');
const filtered = await db.search('tried', { vector: vector(), topK: 10, filter: { field: 'even', eq: true } });
check('a filter holds', filtered.hits.length === 10 && filtered.hits.every(({ id }) => Number(id.slice(1)) % 2 === 0));
const { recall, queries } = await db.measureRecall('tried');
check(`recall ${recall} is ${LEAST_RECALL} at least`, recall >= LEAST_RECALL);
await db.close();
console.log(`${POINTS} points, recall ${recall.toFixed(3)} of ${queries} searches`);
