// The points and queries of the bench as files that programs of every language read: little-endian float32, and JSON lines.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { seeded } from '../../apps/cli/dist/drill/load.js';
import { loadDataset } from '../../apps/cli/dist/sample.js';
import { comparisonData, nearest } from '../servers/data.mjs';

const WORDS = new URL('../datasets/debian-packages/queries.jsonl.gz', import.meta.url);
/** Hits of a search. */
export const K = 10;

/** The first `count` points of the sample, their payloads, all queries, and the `K` exact neighbours of each among these points. */
export function clientData(count) {
  const lines = gunzipSync(readFileSync(WORDS)).toString().trimEnd().split('\n');
  const dataset = loadDataset();
  const words = lines.map((line) => JSON.parse(line).summary);
  const all = comparisonData(dataset, words, seeded(7));
  const truth = nearest(dataset.vectors, dataset.queries, [...Array(count).keys()], K);
  return { ...all, count, truth, payload: (at) => payloadOf(all.point(at)) };
}

/** Text and numbers alone: every peer can keep it. */
const payloadOf = ({ label, texts }) => ({ ...texts, label, installed_size: Number(texts.installed_size) });

export function writeData(folder, data) {
  const floats = (file, rows) => writeFileSync(join(folder, file), Buffer.concat(rows.map((row) => bytesOf(row))));
  const points = Array.from({ length: data.count }, (_, at) => data.point(at));
  floats(
    'points.f32',
    points.map(({ vector }) => vector),
  );
  floats(
    'queries.f32',
    data.queries.map(({ vector }) => vector),
  );
  const payloads = points.map((_, at) => JSON.stringify(data.payload(at)));
  writeFileSync(join(folder, 'payloads.jsonl'), `${payloads.join('\n')}\n`);
}

const bytesOf = (vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
