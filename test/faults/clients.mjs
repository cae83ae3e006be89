/** Clients that write, overwrite, delete and read a few hot ids, and write down what they were told. */
import { connect } from '@vectron/sdk';
import { sleep, WAIT_MS } from './cluster.mjs';

const CLIENTS = 16;
const IDS = 50;
const TIMEOUT_MS = 8_000;
/** These say that nothing of the write was applied. Everything else says nothing. */
const REFUSED = new Set(['INVALID_ARGUMENT', 'DIMENSION_MISMATCH', 'UNAUTHENTICATED', 'PERMISSION_DENIED']);

const now = () => Number(process.hrtime.bigint() / 1000n);

export class Load {
  history = [];
  refused = new Set();
  /** Microseconds of the start of writes that were acknowledged, newest last. */
  acknowledged = [];
  errors = new Map();
  #stopped = false;
  #running = [];
  #next = 1;

  constructor(cluster, collection, random) {
    this.cluster = cluster;
    this.collection = collection;
    this.random = random;
  }

  start() {
    for (let client = 0; client < CLIENTS; client += 1) this.#running.push(this.#client(client));
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #client(client) {
    const db = connect(this.cluster.grpc, { apiKey: this.cluster.apiKey, retries: 0, timeoutMs: TIMEOUT_MS });
    while (!this.#stopped) {
      await this.#step(db, client, `hot-${Math.floor(this.random() * IDS)}`);
      await sleep(20 + this.random() * 40);
    }
    await db.close();
  }

  async #step(db, client, id) {
    const dice = this.random();
    if (dice < 0.05) return this.#refused(db, id);
    if (dice < 0.45) {
      const tok = `t${this.#next}`;
      this.#next += 1;
      const write = () => db.upsert(this.collection, [{ id, vector: [this.#next, 1], payload: { tok } }]);
      await this.#record({ client, op: 'upsert', id, tok }, write, () => ({}));
    } else if (dice < 0.55) {
      await this.#record(
        { client, op: 'delete', id },
        () => db.delete(this.collection, id),
        ({ existed }) => ({ existed }),
      );
    } else {
      await this.#get(db, client, id);
    }
  }

  /** A write that is wrong in itself: it must never be seen. */
  async #refused(db, id) {
    const tok = `refused${this.#next}`;
    this.#next += 1;
    this.refused.add(tok);
    const points = [
      { id, vector: [1, 1], payload: { tok } },
      { id: `${id}-wrong`, vector: [1], payload: { tok } },
    ];
    await db.upsert(this.collection, points).catch((error) => {
      if (error.code !== 'DIMENSION_MISMATCH') this.#count(error);
    });
  }

  #get(db, client, id) {
    const read = () => db.get(this.collection, id, { consistency: 'linearizable' });
    return this.#record({ client, op: 'get', id }, read, (point) => ({ result: point?.payload.tok ?? '' }));
  }

  async #record(row, call, seen) {
    const started = now();
    try {
      const answer = seen(await call());
      this.history.push({ ...row, call: started, ret: now(), outcome: 'ok', ...answer });
      if (row.op !== 'get') this.acknowledged.push(started);
    } catch (error) {
      this.#count(error);
      // A read that was not answered saw nothing.
      if (row.op === 'get') return;
      const outcome = REFUSED.has(error.code) ? 'refused' : 'unknown';
      if (outcome === 'refused') this.refused.add(row.tok);
      this.history.push({ ...row, call: started, ret: now(), outcome });
    }
  }

  #count({ code = 'INTERNAL' }) {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** Milliseconds until a write that began after `since` (see `mark`) was acknowledged. */
  async untilWritten(since) {
    const end = Date.now() + WAIT_MS;
    while (Date.now() < end) {
      if (this.acknowledged.some((at) => at >= since.at)) return Date.now() - since.wall;
      await sleep(10);
    }
    throw new Error(`no write was acknowledged for ${WAIT_MS / 1_000} s`);
  }

  mark() {
    return { at: now(), wall: Date.now() };
  }

  /** Every id once more, when the load has stopped. */
  async readAll() {
    const db = connect(this.cluster.grpc, { apiKey: this.cluster.apiKey, retries: 6, timeoutMs: 20_000 });
    for (let at = 0; at < IDS; at += 1) await this.#get(db, CLIENTS, `hot-${at}`);
    await db.close();
  }
}
