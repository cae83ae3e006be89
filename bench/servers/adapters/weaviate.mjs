// Weaviate over gRPC (weaviate.v1.Weaviate) and GraphQL, which is its only search over HTTP.
import { oneExecutable } from '../find.mjs';
import { Server, sendJson } from '../server.mjs';
import { encoded, entriesOf, valuesOf } from '../wire.mjs';

export class Weaviate extends Server {
  static kind = 'weaviate';
  static hasHybrid = true;
  static wires = ['grpc', 'rest'];

  static find(given) {
    return oneExecutable('weaviate', given);
  }

  async launch() {
    const [http, grpc, gossip, data, raft, raftRpc] = this.ports.map(String);
    Object.assign(this, { http: `127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}` });
    const env = {
      PERSISTENCE_DATA_PATH: this.data,
      AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'true',
      DISABLE_TELEMETRY: 'true',
      GRPC_PORT: grpc,
      CLUSTER_HOSTNAME: 'node1',
      CLUSTER_ADVERTISE_ADDR: '127.0.0.1',
      CLUSTER_BIND_ADDR: '127.0.0.1',
      CLUSTER_GOSSIP_BIND_PORT: gossip,
      CLUSTER_DATA_BIND_PORT: data,
      RAFT_PORT: raft,
      RAFT_INTERNAL_RPC_PORT: raftRpc,
      RAFT_JOIN: `node1:${raft}`,
      RAFT_BOOTSTRAP_EXPECT: '1',
      DEFAULT_VECTORIZER_MODULE: 'none',
      ENABLE_MODULES: '',
      LOG_LEVEL: 'error',
      PROMETHEUS_MONITORING_ENABLED: 'false',
    };
    this.spawn(this.settings.executable, ['--host', '127.0.0.1', '--port', http, '--scheme', 'http'], { env });
    await this.until('readiness', () => sendJson('GET', `http://${this.http}/v1/.well-known/ready`));
    await this.listening(Number(grpc));
  }

  async version() {
    return (await sendJson('GET', `http://${this.http}/v1/meta`)).version;
  }

  async create(collection, { words }) {
    const text = (name) => ({
      name,
      dataType: ['text'],
      tokenization: name === 'summary' ? 'word' : 'field',
      indexFilterable: false,
      indexSearchable: Boolean(words) && name === 'summary',
    });
    await sendJson('POST', `http://${this.http}/v1/schema`, {
      class: classOf(collection),
      vectorizer: 'none',
      vectorIndexType: 'hnsw',
      vectorIndexConfig: { distance: 'cosine', maxConnections: 16, efConstruction: 200 },
      properties: [
        { name: 'label', dataType: ['int'], indexFilterable: true, indexRangeFilters: true },
        ...['name', 'section', 'priority', 'installed_size', 'summary'].map(text),
      ],
    });
  }

  /** It is part of the collection, not of the request. */
  async setEf(collection, ef) {
    const url = `http://${this.http}/v1/schema/${classOf(collection)}`;
    const now = await sendJson('GET', url);
    now.vectorIndexConfig.ef = ef;
    await sendJson('PUT', url, now);
  }

  async isSettled(collection, count) {
    const name = classOf(collection);
    const query = `{Aggregate {${name} {meta {count}}}}`;
    const { data } = await sendJson('POST', `http://${this.http}/v1/graphql`, { query });
    return data.Aggregate[name][0].meta.count === count;
  }

  upserts(collection) {
    const number = (value) => encoded([2, 'double', value]);
    const text = (value) => encoded([3, 'string', value]);
    return {
      wire: { protocol: 'grpc', target: this.grpc, path: '/weaviate.v1.Weaviate/BatchObjects' },
      body: (points) =>
        encoded(
          ...points.map(({ id, vector, label, texts }) => {
            const properties = encoded(...entriesOf(1, { label }, number), ...entriesOf(1, texts, text));
            const object = encoded(
              [1, 'string', uuidOf(id)],
              [3, 'message', encoded([1, 'message', properties])],
              [4, 'string', classOf(collection)],
              [6, 'floats', vector],
            );
            return [1, 'message', object];
          }),
        ),
    };
  }

  searches(wire, collection, { k, below, hybrid }) {
    const name = classOf(collection);
    if (wire === 'rest') {
      const where = below === undefined ? '' : `, where: {path: ["label"], operator: LessThan, valueInt: ${below}}`;
      return {
        wire: { protocol: 'http', target: this.http, path: '/v1/graphql' },
        body({ vector }) {
          const near = `nearVector: {vector: ${JSON.stringify(Array.from(vector))}}`;
          return Buffer.from(
            JSON.stringify({ query: `{Get {${name}(limit: ${k}, ${near}${where}) {_additional {id}}}}` }),
          );
        },
        ids: (answer) => JSON.parse(answer).data.Get[name].map(({ _additional: { id } }) => numberOf(id)),
      };
    }
    const path = encoded([1, 'string', 'label']);
    const lessThan = encoded([1, 'varint', 5], [5, 'varint', below ?? 0], [20, 'message', path]);
    return {
      wire: { protocol: 'grpc', target: this.grpc, path: '/weaviate.v1.Weaviate/Search' },
      body: ({ vector, words }) =>
        encoded(
          [1, 'string', name],
          [20, 'message', encoded()], // no properties
          [21, 'message', encoded([1, 'bool', true])], // of the metadata, the id
          [30, 'varint', k],
          ...(below === undefined ? [] : [[40, 'message', lessThan]]),
          hybrid
            ? [41, 'message', encoded(...ranked(words), [6, 'floats', vector])]
            : [43, 'message', encoded([4, 'floats', vector])],
          [102, 'bool', true], // the form of answers since 1.27
        ),
      ids: (answer) => valuesOf(answer, 2).map((hit) => numberOfMetadata(valuesOf(hit, 2)[0])),
    };
  }
}

/** Hybrid: query, properties, alpha, fusion by ranks. */
const ranked = (words) => [
  [1, 'string', words],
  [2, 'string', 'summary'],
  [4, 'float', 0.5],
  [5, 'varint', 1],
];

const classOf = (collection) => collection[0].toUpperCase() + collection.slice(1);
const uuidOf = (id) => `00000000-0000-0000-0000-${id.toString(16).padStart(12, '0')}`;
const numberOf = (uuid) => Number.parseInt(uuid.slice(24), 16);

/** The id as text in field 1, or as 16 bytes in field 20. */
function numberOfMetadata(metadata) {
  const [text] = valuesOf(metadata, 1);
  if (text?.length === 36) return numberOf(Buffer.from(text).toString());
  return Number(Buffer.from(valuesOf(metadata, 20)[0]).readBigUInt64BE(8));
}
