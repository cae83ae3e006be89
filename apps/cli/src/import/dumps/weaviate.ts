import { VectronError } from '@vectron/errors';
import { isPlainObject } from '@vectron/model';
import { shown } from '../json-floats.js';
import type { ColumnChoice, RowSource } from '../rows.js';
import { type DumpedRow, type Json, type JsonDump, openJsonDump } from './json-dump.js';
import { refuseStorage } from './storage.js';
import { type VectorValue, vectorOf } from './vector-survey.js';

/** What Weaviate calls the vector that has no name, in its clients. */
const UNNAMED = 'default';

/** Keys that the answers of GraphQL and pages have around objects; below `Get` the key is the class. */
const AROUND = new Set(['objects', 'data', 'Get', 'result', 'results', 'deprecations']);

/**
 * Objects of Weaviate: answers of GET /v1/objects, objects of the iterator of its Python client as JSON, and answers of GraphQL's
 * Get with `_additional { id vector }`.
 */
const DUMP: JsonDump = {
  shape: {
    around: (key) => AROUND.has(key) || /^[A-Z]\w*$/.test(key),
    ofRow: (key) =>
      ['class', 'properties', 'uuid', 'id', 'vector', 'vectors', 'collection', '_additional'].includes(key),
  },
  read: objectOf,
  unnamed: UNNAMED,
  missing: 'it has no vector: export with ?include=vector (REST) or include_vector=True (Python)',
  understood: [
    'id: "id", or "uuid"',
    'payload: what is in "properties"; references as they are, places as {lat, lon}',
    'left out: creationTimeUnix, lastUpdateTimeUnix and other metadata of Weaviate itself',
  ],
  tableWord: 'class',
};

export async function openWeaviate(file: string, choice: ColumnChoice): Promise<RowSource> {
  await refuseStorage(
    file,
    "a backup of Weaviate's own storage: restore it in Weaviate and write its objects as JSON lines with collection.iterator(include_vector=True), as docs/import-from.md shows",
  );
  return openJsonDump(file, choice, DUMP);
}

function objectOf(row: Json): DumpedRow {
  const graphql = isPlainObject(row._additional) ? row._additional : undefined;
  const id = row.id ?? row.uuid ?? graphql?.id;
  if (typeof id !== 'string') {
    throw VectronError.invalid(
      'id',
      `an object of Weaviate must have an "id" or "uuid", not ${shown(id)} in ${shown(row)}`,
    );
  }
  const { _additional, ...ownProperties } = row;
  const properties = graphql === undefined ? (row.properties ?? {}) : ownProperties;
  if (!isPlainObject(properties)) {
    throw VectronError.invalid('properties', `properties must be an object, not ${shown(properties)}`);
  }
  const references = isPlainObject(row.references) ? row.references : {};
  const table = row.class ?? row.collection;
  const tenant = row.tenant === undefined || row.tenant === null || row.tenant === '' ? [] : [TENANT];
  return {
    id,
    vectors: vectorsOf(row, graphql),
    payload: Object.fromEntries(
      Object.entries({ ...properties, ...references }).map(([name, value]) => [name, plain(value)]),
    ),
    ...(typeof table === 'string' ? { table } : {}),
    leftOut: tenant,
  };
}

const TENANT = { what: 'tenant', reason: 'a collection here has no tenants within it: import each into its own' };

function vectorsOf(row: Json, graphql: Json | undefined): Map<string, VectorValue> {
  const found = new Map<string, VectorValue>();
  const add = (name: string, value: unknown) => {
    const one = vectorOf(value, name === UNNAMED ? 'vector' : `vectors.${name}`);
    if (one !== undefined) found.set(name, one);
  };
  for (const value of [row.vector, row.vectors, graphql?.vector, graphql?.vectors]) {
    if (isPlainObject(value)) for (const [name, one] of Object.entries(value)) add(name, one);
    else add(UNNAMED, value);
  }
  return found;
}

/** Places become what a geo index reads; everything else stays. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isPlainObject(value)) return value;
  const { latitude, longitude, ...rest } = value;
  if (typeof latitude === 'number' && typeof longitude === 'number' && Object.keys(rest).length === 0) {
    return { lat: latitude, lon: longitude };
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}
