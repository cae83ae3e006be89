// PostgreSQL with pgvector. The HNSW index is there before the points, so that a point can be found when it is acknowledged.
import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { memoryBytes } from '../../harness/processes.mjs';
import { findPostgres } from '../find.mjs';
import { Server } from '../server.mjs';

const SETTINGS = {
  shared_buffers: '1GB',
  maintenance_work_mem: '1GB',
  max_wal_size: '4GB',
  jit: 'off',
  listen_addresses: '127.0.0.1',
};
const BLOCK_BYTES = 8192;

export class Pgvector extends Server {
  static kind = 'pgvector';
  static hasHybrid = true;
  static wires = ['postgres'];
  static find = findPostgres;
  /** Its fast shutdown; TERM waits for all clients. */
  stopSignal = 'SIGINT';

  async launch() {
    const { bin } = this.settings;
    const options = unprivileged();
    if (!existsSync(this.data)) {
      if (options.uid !== undefined) chownSync(this.home, options.uid, options.gid);
      const init = ['-D', this.data, '-A', 'trust', '-E', 'UTF8', '-U', 'postgres'];
      execFileSync(join(bin, 'initdb'), init, { cwd: this.home, stdio: ['ignore', 'ignore', 'inherit'], ...options });
    }
    const settings = Object.entries({ ...SETTINGS, unix_socket_directories: this.home });
    const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.spawn(join(bin, 'postgres'), ['-D', this.data, '-p', String(this.ports[0]), ...flags], options);
    this.url = `postgres://postgres@127.0.0.1:${this.ports[0]}/postgres?sslmode=disable`;
    await this.until('an answer to SELECT 1', () => this.#sql('SELECT 1'));
  }

  async #sql(...commands) {
    const args = [this.url, '-qAt', '-v', 'ON_ERROR_STOP=1', ...commands.flatMap((one) => ['-c', one])];
    return (await promisify(execFile)(this.settings.psql, args)).stdout.trim();
  }

  async version() {
    const found =
      "SELECT extversion || ', PostgreSQL ' || current_setting('server_version') FROM pg_extension WHERE extname = 'vector'";
    return this.#sql('CREATE EXTENSION IF NOT EXISTS vector', found);
  }

  async create(collection, { dimension, words }) {
    const columns = `id int PRIMARY KEY, label int, payload jsonb, embedding vector(${dimension})`;
    await this.#sql(
      'CREATE EXTENSION IF NOT EXISTS vector',
      `CREATE TABLE ${collection} (${columns}${words ? ', summary tsvector' : ''})`,
      `CREATE INDEX ON ${collection} (label)`,
      ...(words ? [`CREATE INDEX ON ${collection} USING gin (summary)`] : []),
      `CREATE INDEX ON ${collection} USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 200)`,
    );
  }

  async isSettled(collection, count) {
    if (Number(await this.#sql(`SELECT count(*) FROM ${collection}`)) !== count) return false;
    await this.#sql(`VACUUM ANALYZE ${collection}`);
    return true;
  }

  upserts(collection, { words } = {}) {
    const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
    const set = ['label', 'payload', 'embedding', ...(words ? ['summary'] : [])];
    const update = set.map((name) => `${name} = excluded.${name}`).join(', ');
    return {
      wire: { protocol: 'postgres', target: this.url },
      body(points) {
        const rows = points.map(({ id, vector, label, texts }) => {
          const values = [id, label, quoted(JSON.stringify({ label, ...texts })), quoted(literal(vector))];
          if (words) values.push(`to_tsvector('english', ${quoted(texts.summary)})`);
          return `(${values.join(', ')})`;
        });
        const into = `INSERT INTO ${collection} (id, ${set.join(', ')})`;
        return Buffer.from(`${into} VALUES ${rows.join(', ')} ON CONFLICT (id) DO UPDATE SET ${update}`);
      },
    };
  }

  searches(_wire, collection, { k, ef, below, hybrid }) {
    // Without the iterative scan, a filter leaves fewer than k rows of the ef that the index gives.
    const target = `${this.url}&hnsw.ef_search=${ef}&hnsw.iterative_scan=strict_order`;
    const filter = below === undefined ? '' : ` WHERE label < ${below}`;
    const plain = `SELECT id FROM ${collection}${filter} ORDER BY embedding <=> $1 LIMIT ${k}`;
    return {
      wire: { protocol: 'postgres', target, path: hybrid ? fused(collection, k) : plain },
      body: ({ vector, words }) => Buffer.from(hybrid ? `${literal(vector)}\0${anyOf(words)}` : literal(vector)),
      ids: (answer) => answer.toString().split('\n').filter(Boolean).map(Number),
    };
  }

  /** Shared buffers in use belong to it whether or not a process has them mapped just now. */
  async memory() {
    const used = 'SELECT count(*) FROM pg_buffercache WHERE relfilenode IS NOT NULL';
    const blocks = await this.#sql('CREATE EXTENSION IF NOT EXISTS pg_buffercache', used);
    return memoryBytes(this.pids, ['Pss_Anon', 'Pss_File']) + BLOCK_BYTES * Number(blocks);
  }
}

const literal = (vector) => `[${Array.from(vector).join(',')}]`;

/** Any of the words, as BM25 takes them. */
const anyOf = (words) => (words.match(/[A-Za-z0-9]+/g) ?? []).join('|');

/** Reciprocal rank fusion of vectors and words, as in the examples of pgvector; candidates as Vectron has them. */
function fused(table, k) {
  const limit = Math.max(50, 4 * k);
  const near = `SELECT id, embedding <=> $1 AS d FROM ${table} ORDER BY d LIMIT ${limit}`;
  const words = `SELECT id, ts_rank_cd(summary, q) AS s FROM ${table}, to_tsquery('english', $2) q WHERE summary @@ q ORDER BY s DESC LIMIT ${limit}`;
  return `WITH near AS (SELECT id, row_number() OVER (ORDER BY d) AS r FROM (${near}) x),
words AS (SELECT id, row_number() OVER (ORDER BY s DESC) AS r FROM (${words}) x)
SELECT coalesce(near.id, words.id) FROM near FULL JOIN words ON near.id = words.id
ORDER BY coalesce(1.0 / (60 + near.r), 0) + coalesce(1.0 / (60 + words.r), 0) DESC LIMIT ${k}`;
}

/** PostgreSQL does not run as root. */
function unprivileged() {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
