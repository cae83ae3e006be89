// `vectron serve` of this checkout. Answers are not cached, because the other servers cache none.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filterMessage } from '@vectron/model';
import { gateway } from '@vectron/proto';
import { connect } from '@vectron/sdk';
import { WARM } from '../../harness/loadgen.mjs';
import { isExecutable } from '../find.mjs';
import { Server } from '../server.mjs';
import { floatBytes } from '../wire.mjs';

const CLI = fileURLToPath(new URL('../../../apps/cli/bin/vectron.js', import.meta.url));
const HNSW = { hnswM: 16, hnswEfConstruction: 200 };

export class Vectron extends Server {
  static kind = 'vectron';
  static hasHybrid = true;
  static warmRequests = WARM.count;
  /** The preferred one first. */
  static wires = ['grpc', 'rest'];

  /** `given`: the executable of another checkout. */
  static find(given) {
    const executable = given ?? CLI;
    return isExecutable(executable) ? { settings: { executable } } : { missing: `${executable} is no executable file` };
  }

  async launch() {
    const [http, grpc] = this.ports.map((port) => `127.0.0.1:${port}`);
    Object.assign(this, { http, grpc });
    const flags = ['--data', this.data, '--http', http, '--grpc', grpc, '--no-sample', '--cache-ttl-ms', '0'];
    this.spawn(process.execPath, [this.settings.executable, 'serve', ...flags]);
    await this.listening(this.ports[1]);
    await this.listening(this.ports[0]);
    this.token = JSON.parse(readFileSync(join(this.data, 'bootstrap.json'), 'utf8')).apiKey;
  }

  async version() {
    return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
  }

  async #client(use) {
    const client = connect(`grpc://${this.grpc}`, { apiKey: this.token });
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }

  async create(collection, { dimension, words }) {
    const indexes = [{ path: 'label', type: 'integer' }];
    if (words) indexes.push({ path: 'summary', type: 'text', language: 'english' });
    await this.#client((client) =>
      client.createCollection(collection, { dimension, distance: 'cosine', ...HNSW, indexes }),
    );
  }

  /** Whether it holds `count` points, all of them in the index. */
  isSettled(collection, count) {
    return this.#client(async (client) => {
      const { points, indexLag } = await client.collectionStatus(collection);
      return points === count && indexLag === 0;
    });
  }

  upserts(collection) {
    return {
      wire: { protocol: 'grpc', target: this.grpc, path: '/vectron.v1.VectronService/Upsert' },
      body(points) {
        const messages = points.map(({ id, vector, label, texts }) => ({
          id: String(id),
          vectorF32: floatBytes(vector),
          document: { label, ...texts },
        }));
        return bytesOf(gateway.UpsertRequest, { collection, points: messages });
      },
    };
  }

  searches(wire, collection, { k, ef, below, hybrid }) {
    if (wire === 'rest') {
      const filter = below === undefined ? {} : { filter: { field: 'label', lt: below } };
      return {
        wire: { protocol: 'http', target: this.http, path: `/v1/collections/${collection}/points/search` },
        body: ({ vector }) =>
          Buffer.from(JSON.stringify({ vector: Array.from(vector), topK: k, ef, includeMetadata: false, ...filter })),
        ids: (answer) => JSON.parse(answer).results.map(({ id }) => Number(id)),
      };
    }
    const filter = below === undefined ? undefined : filterMessage({ field: 'label', lt: below });
    const shape = { collection, topK: k, includeMetadata: false, filter };
    const method = hybrid ? 'Query' : 'Search';
    return {
      wire: { protocol: 'grpc', target: this.grpc, path: `/vectron.v1.VectronService/${method}` },
      body: ({ vector, words }) =>
        hybrid
          ? bytesOf(gateway.QueryRequest, {
              ...shape,
              branches: [{ vectorF32: floatBytes(vector), ef }, { text: { query: words } }],
            })
          : bytesOf(gateway.SearchRequest, { ...shape, vectorF32: floatBytes(vector), ef }),
      ids: (answer) => gateway[`${method}Response`].decode(answer).results.map(({ id }) => Number(id)),
    };
  }
}

const bytesOf = (message, fields) => Buffer.from(message.encode(message.fromPartial(fields)).finish());
