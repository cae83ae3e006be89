import { VectronError } from '@vectron/errors';
import { isPlainObject } from '@vectron/model';
import { shown } from '../json-floats.js';
import type { ColumnChoice, RowSource } from '../rows.js';
import { type DumpedRow, type Json, type JsonDump, openJsonDump } from './json-dump.js';
import { refuseStorage } from './storage.js';
import { type Vectors, type VectorValue, vectorOf } from './vector-survey.js';

/**
 * Answers of Qdrant's scroll, or its points: one document, a list, or JSON lines; and Record, PointStruct and ScoredPoint of its
 * Python client as JSON. A single vector is called "".
 */
const DUMP: JsonDump = {
  shape: {
    around: (key) => key === 'result' || key === 'points',
    ofRow: (key) => key === 'id' || key === 'vector' || key === 'payload',
  },
  read: pointOf,
  unnamed: '',
  missing: 'it has no vector: scroll with "with_vector": true',
  understood: ['id: "id"', 'payload: what is in "payload"'],
};

const STORAGE =
  'of Qdrant\'s own storage: restore it in Qdrant and write the answers of POST /collections/NAME/points/scroll with "with_vector": true, as docs/import-from.md shows';

export async function openQdrant(file: string, choice: ColumnChoice): Promise<RowSource> {
  await refuseStorage(file, STORAGE);
  if (file.endsWith('.snapshot')) throw VectronError.invalid('file', `${file} is a snapshot, ${STORAGE}`);
  return openJsonDump(file, choice, DUMP);
}

function pointOf(row: Json): DumpedRow {
  const { id, vector, payload, shard_key: shardKey } = row;
  if (id === undefined && vector === undefined) {
    throw VectronError.invalid(
      'point',
      `a Qdrant point must be an object with id, vector and payload, not ${shown(row)}`,
    );
  }
  const isNumber = typeof id === 'bigint' || (typeof id === 'number' && Number.isSafeInteger(id));
  if (typeof id !== 'string' && !(isNumber && id >= 0)) {
    throw VectronError.invalid('id', `an id must be a UUID or an unsigned 64-bit integer, not ${shown(id)}`);
  }
  if (payload !== undefined && payload !== null && !isPlainObject(payload)) {
    throw VectronError.invalid('payload', `a payload must be an object, not ${shown(payload)}`);
  }
  const ofShard = { what: 'shard_key', reason: 'the shard of a point is decided by its id here' };
  return {
    id,
    vectors: vectorsOf(vector),
    payload: (payload ?? {}) as Record<string, unknown>,
    ...(shardKey === undefined || shardKey === null ? {} : { leftOut: [ofShard] }),
  };
}

function vectorsOf(vector: unknown): Vectors {
  const isNamed = isPlainObject(vector) && !(Array.isArray(vector.indices) && Array.isArray(vector.values));
  const named = isNamed ? Object.entries(vector) : [['', vector] as const];
  return new Map(
    named.flatMap(([name, value]): [string, VectorValue][] => {
      const one = vectorOf(value, name === '' ? 'vector' : `vector.${name}`);
      return one === undefined ? [] : [[name, one]];
    }),
  );
}
