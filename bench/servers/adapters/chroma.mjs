// Chroma's own server over its HTTP API, version 2. It has no hybrid search.
import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { oneExecutable } from '../find.mjs';
import { Server, sendJson } from '../server.mjs';

/** Where README.md says to install it. */
const PLACE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vectron', 'bench-chroma', 'bin');
const COLLECTIONS = '/api/v2/tenants/default_tenant/databases/default_database/collections';

export class Chroma extends Server {
  static kind = 'chroma';
  static hasHybrid = false;
  static wires = ['rest'];
  /** All searches have the ef of the first, because another one takes a restart. */
  static oneEf = true;

  static find(given) {
    return oneExecutable('chroma', given, { places: [PLACE] });
  }

  #ids = new Map();
  #ef;

  async launch() {
    const [port] = this.ports;
    this.http = `127.0.0.1:${port}`;
    const flags = ['--path', this.data, '--host', '127.0.0.1', '--port', String(port)];
    this.spawn(this.settings.executable, ['run', ...flags], { env: { ANONYMIZED_TELEMETRY: 'False' } });
    await this.listening(port);
  }

  async version() {
    return execFileSync(this.settings.executable, ['--version'], { encoding: 'utf8' }).trim();
  }

  async create(collection) {
    const hnsw = { space: 'cosine', ef_construction: 200, max_neighbors: 16 };
    const settings = { name: collection, configuration: { hnsw } };
    const { id } = await this.until('a collection', () =>
      sendJson('POST', `http://${this.http}${COLLECTIONS}`, settings),
    );
    this.#ids.set(collection, id);
  }

  #path(collection) {
    return `${COLLECTIONS}/${this.#ids.get(collection)}`;
  }

  async isSettled(collection, count) {
    return (await sendJson('GET', `http://${this.http}${this.#path(collection)}/count`)) === count;
  }

  /** It is part of the collection, and read when the index is loaded: the server is started again. */
  async setEf(collection, ef) {
    if (this.#ef === ef) return;
    this.#ef = ef;
    const change = { new_configuration: { hnsw: { ef_search: ef } } };
    await sendJson('PUT', `http://${this.http}${this.#path(collection)}`, change);
    await this.stop();
    await this.start();
  }

  upserts(collection) {
    return {
      wire: { protocol: 'http', target: this.http, path: `${this.#path(collection)}/upsert` },
      body: (points) =>
        Buffer.from(
          JSON.stringify({
            ids: points.map(({ id }) => String(id)),
            embeddings: points.map(({ vector }) => Array.from(vector)),
            metadatas: points.map(({ label, texts }) => ({ label, ...texts })),
          }),
        ),
    };
  }

  searches(_wire, collection, { k, below }) {
    const where = below === undefined ? {} : { where: { label: { $lt: below } } };
    return {
      wire: { protocol: 'http', target: this.http, path: `${this.#path(collection)}/query` },
      body: ({ vector }) =>
        Buffer.from(
          JSON.stringify({ query_embeddings: [Array.from(vector)], n_results: k, include: ['distances'], ...where }),
        ),
      ids: (answer) => JSON.parse(answer).ids[0].map(Number),
    };
  }
}
