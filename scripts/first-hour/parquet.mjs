// Parquet files for the first hour: the packages of the sample as one, and what somebody sees in a file that they brought.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteBuffer, schemaFromColumnData } from 'hyparquet-writer';
import { root } from '../content-hash.mjs';

const DATASET = join(root, 'bench/datasets/debian-packages');
const DIMENSION = 384;
/** Rows that are looked at. */
const FIRST_ROWS = 200;
/** Of the header of a file of NumPy: its length is at byte 8. */
const NPY_HEADER = 10;

const list = (name, element) => [
  { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'REQUIRED', ...element },
];

/** Debian packages with their embeddings, as one writes them with pandas or Polars: a list of float32 a row. `count`: at most 20,000. */
export function packagesAsParquet(count) {
  const rows = gunzipSync(readFileSync(join(DATASET, 'payload.jsonl.gz')))
    .toString()
    .split('\n', count);
  const packages = rows.map((line) => JSON.parse(line));
  const column = (name, type) => ({ name, type, data: packages.map((one) => one[name]), nullable: false });
  const columnData = [
    column('name', 'STRING'),
    column('section', 'STRING'),
    column('priority', 'STRING'),
    column('architecture', 'STRING'),
    column('installed_size', 'INT32'),
    column('maintainer', 'STRING'),
    column('summary', 'STRING'),
  ];
  const lists = [
    { name: 'tags', data: packages.map(({ tags }) => tags) },
    { name: 'embedding', data: embeddings(count) },
  ];
  const [head, ...scalars] = schemaFromColumnData({ columnData });
  const schema = [
    { ...head, num_children: columnData.length + lists.length },
    ...scalars,
    ...list('tags', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }),
    ...list('embedding', { type: 'FLOAT' }),
  ];
  const data = [...columnData, ...lists].map(({ name, data: values }) => ({ name, data: values }));
  return new Uint8Array(parquetWriteBuffer({ columnData: data, schema }));
}

function embeddings(count) {
  const file = readFileSync(join(DATASET, 'points.f16.npy'));
  const start = NPY_HEADER + file.readUInt16LE(8);
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: DIMENSION }, (__, axis) => halfAt(file, start + 2 * (row * DIMENSION + axis))),
  );
}

/** A little-endian number of 16 bits, IEEE 754. */
function halfAt(bytes, at) {
  const bits = bytes.readUInt16LE(at);
  const exponent = (bits >> 10) & 31;
  const size = exponent === 0 ? (bits & 1023) * 2 ** -24 : (1024 + (bits & 1023)) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/**
 * What its owner knows of a file: `rows`, `dimension`, and which column is the `id`, the `vector`, a `text` to search in and a `label` that
 * many rows share. Throws when there is no such column.
 */
export async function knowledgeOf(path) {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const first = await parquetReadObjects({ file, metadata, compressors, rowEnd: FIRST_ROWS });
  const names = Object.keys(first[0] ?? {});
  const holds = (test) => names.filter((name) => first.every((row) => test(row[name])));
  const texts = holds((value) => typeof value === 'string').map((name) => {
    const values = first.map((row) => row[name]);
    return { name, different: new Set(values).size, letters: values.join('').length };
  });
  const named = (what, found) => {
    if (found === undefined) throw new Error(`${path} has no column that can be ${what}`);
    return found.name ?? found;
  };
  const unique = texts.filter(({ different }) => different === first.length);
  const id = named('the id', unique.find(({ name }) => /^(_?id|uuid|name)$/i.test(name)) ?? unique[0]);
  const isNumbers = (value) => value?.length > 1 && [...value].every((one) => typeof one === 'number');
  const vector = named('the vector', holds(isNumbers)[0]);
  const others = texts.filter(({ name }) => name !== id);
  const text = named('a text', others.toSorted((a, b) => b.letters - a.letters)[0]);
  const shared = others.filter(({ name, different }) => name !== text && different > 1);
  const label = named(
    'a label',
    shared.toSorted((a, b) => b.different - a.different).find(({ different }) => different < 60),
  );
  return {
    path,
    rows: Number(metadata.num_rows),
    dimension: first[0][vector].length,
    columns: { id, vector, text, label },
    first: first.map((row) => ({ ...row, [vector]: Array.from(row[vector]) })),
  };
}
