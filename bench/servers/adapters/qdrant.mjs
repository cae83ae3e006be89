// Qdrant with float32 vectors, its default, over gRPC (qdrant.Points) and REST.
import { execFileSync } from 'node:child_process';
import { oneExecutable } from '../find.mjs';
import { Server, sendJson } from '../server.mjs';
import { encoded, entriesOf, valuesOf } from '../wire.mjs';

/** The sparse vector of the words, which the server makes of them. */
const WORDS = 'words';
const MODEL = 'qdrant/bm25';

export class Qdrant extends Server {
  static kind = 'qdrant';
  static hasHybrid = true;
  static wires = ['grpc', 'rest'];

  static find(given) {
    return oneExecutable('qdrant', given);
  }

  async launch() {
    const [http, grpc] = this.ports;
    Object.assign(this, { http: `127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}` });
    const env = {
      QDRANT__STORAGE__STORAGE_PATH: this.data,
      QDRANT__STORAGE__SNAPSHOTS_PATH: `${this.home}/snapshots`,
      QDRANT__SERVICE__HOST: '127.0.0.1',
      QDRANT__SERVICE__HTTP_PORT: String(http),
      QDRANT__SERVICE__GRPC_PORT: String(grpc),
      QDRANT__TELEMETRY_DISABLED: 'true',
      QDRANT__LOG_LEVEL: 'WARN',
    };
    this.spawn(this.settings.executable, [], { env });
    await this.listening(http);
    await this.listening(grpc);
  }

  async version() {
    return execFileSync(this.settings.executable, ['--version'], { encoding: 'utf8' }).trim();
  }

  async create(collection, { dimension, words }) {
    const url = `http://${this.http}/collections/${collection}`;
    await sendJson('PUT', url, {
      vectors: { size: dimension, distance: 'Cosine' },
      hnsw_config: { m: 16, ef_construct: 200 },
      optimizers_config: { indexing_threshold: 1000 },
      ...(words ? { sparse_vectors: { [WORDS]: { modifier: 'idf' } } } : {}),
    });
    await sendJson('PUT', `${url}/index?wait=true`, { field_name: 'label', field_schema: 'integer' });
  }

  async isSettled(collection, count) {
    const { result } = await sendJson('GET', `http://${this.http}/collections/${collection}`);
    return result.status === 'green' && result.points_count === count;
  }

  upserts(collection, { words } = {}) {
    const integer = (value) => encoded([3, 'varint', value]);
    const text = (value) => encoded([4, 'string', value]);
    return {
      wire: { protocol: 'grpc', target: this.grpc, path: '/qdrant.Points/Upsert' },
      body(points) {
        const messages = points.map(({ id, vector, label, texts }) => {
          const dense = encoded([101, 'message', encoded([1, 'floats', vector])]);
          const sparse = () => encoded([104, 'message', documentOf(texts.summary)]);
          const vectors = words
            ? encoded([2, 'message', encoded(...entriesOf(1, { '': dense, [WORDS]: sparse() }, (one) => one))])
            : encoded([1, 'message', dense]);
          return encoded(
            [1, 'message', encoded([1, 'varint', id])],
            ...entriesOf(3, { label }, integer),
            ...entriesOf(3, texts, text),
            [4, 'message', vectors],
          );
        });
        const wait = [2, 'bool', true];
        return encoded([1, 'string', collection], wait, ...messages.map((one) => [3, 'message', one]));
      },
    };
  }

  searches(wire, collection, { k, ef, below, hybrid }) {
    if (wire === 'rest') {
      const filter = below === undefined ? {} : { filter: { must: [{ key: 'label', range: { lt: below } }] } };
      return {
        wire: { protocol: 'http', target: this.http, path: `/collections/${collection}/points/query` },
        body: ({ vector }) =>
          Buffer.from(JSON.stringify({ query: Array.from(vector), params: { hnsw_ef: ef }, limit: k, ...filter })),
        ids: (answer) => JSON.parse(answer).result.points.map(({ id }) => id),
      };
    }
    const params = encoded([1, 'varint', ef]);
    // must, field, range, lt.
    const range = encoded([1, 'string', 'label'], [3, 'message', encoded([1, 'double', below ?? 0])]);
    const filter = encoded([2, 'message', encoded([1, 'message', range])]);
    const rest = [...(below === undefined ? [] : [[5, 'message', filter]]), [8, 'varint', k]];
    const limit = Math.max(50, 4 * k); // Vectron's default
    return {
      wire: { protocol: 'grpc', target: this.grpc, path: '/qdrant.Points/Query' },
      body({ vector, words }) {
        // Query.nearest of VectorInput.dense.
        const near = encoded([1, 'message', encoded([2, 'message', encoded([1, 'floats', vector])])]);
        if (!hybrid) return encoded([1, 'string', collection], [3, 'message', near], [6, 'message', params], ...rest);
        const said = encoded([1, 'message', encoded([5, 'message', documentOf(words)])]);
        return encoded(
          [1, 'string', collection],
          [2, 'message', encoded([2, 'message', near], [5, 'message', params], [7, 'varint', limit])],
          [2, 'message', encoded([2, 'message', said], [3, 'string', WORDS], [7, 'varint', limit])],
          [3, 'message', encoded([6, 'varint', 0])], // Query.fusion: reciprocal ranks
          ...rest,
        );
      },
      ids: (answer) => valuesOf(answer, 1).map((hit) => valuesOf(valuesOf(hit, 1)[0], 1)[0] ?? 0),
    };
  }
}

const documentOf = (text) => encoded([1, 'string', text], [3, 'string', MODEL]);
