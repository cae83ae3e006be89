/**
 * The normal load, a process of its own: one tenant that searches over REST, gRPC and WebSocket, writes, follows its changes
 * by long polls, logs in and refreshes; and a probe of /healthz. Nothing is tried again: whatever is not answered wholly is a
 * failure. Every acknowledged write is written down, and read back at the end.
 *
 * Messages: begin, take (what was done since the last take), proceed (waits until every kind of operation has begun and
 * ended once more), verify, end.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { randomOf } from '../../faults/random.mjs';
import { rest } from '../campaign/rest.mjs';
import { overGrpc, overRest, SearchSocket, Session } from './clients.mjs';
import { Window } from './window.mjs';

const DIMENSION = 8;
const IDS = 2_000;
const HOT_IDS = 20;
const BATCH = 5;
const PAGE = 1_000;
const BULK = { writes: 4, points: 200, payload: 20_000 };
const WAIT_MS = 1_000;
const VERIFY_MS = 60_000;
const VERIFY_RETRIES = 8;
/** Milliseconds from the beginning of one operation of a kind to the next. */
const EVERY = { search: 100, upsert: 100, login: 3_000, refresh: 1_000, healthz: 50 };

class NormalLoad {
  #window = new Window();
  /** Operations that ended, by kind, for `proceed`. */
  #ended = {};
  #stopped = false;
  /** Ends the pauses between operations. */
  #waking = new AbortController();
  #tracks = [];
  /** The last acknowledged value of each id. */
  #acknowledged = new Map();
  /** By wire: what follows the changes, and the ids that it saw. */
  #followers = {};
  #next = 1;

  constructor({ target, user, seed, timeoutMs, timed, pace, incarnation }) {
    this.collection = `normal-${incarnation}`;
    this.target = target;
    this.timeoutMs = timeoutMs;
    this.key = user.key;
    this.timed = timed;
    this.pace = pace;
    this.random = randomOf(seed);
    this.db = overRest(target, user.key, timeoutMs);
    this.grpc = overGrpc(target, user.key, timeoutMs);
    this.socket = new SearchSocket(target, this.collection, user.key, timeoutMs);
    this.session = new Session(target, user, timeoutMs);
  }

  async begin() {
    await this.db.createCollection(this.collection, { dimension: DIMENSION, shards: 2 });
    for (let batch = 0; batch < HOT_IDS / BATCH; batch += 1) await this.#upsert(batch);
    await this.#bulkLoad();
    const vector = () => Array.from({ length: DIMENSION }, () => this.random() - 0.5);
    const every = (kind, ms, work) => this.#tracks.push(this.#repeat(kind, ms, work));
    every('search REST', EVERY.search, async () => whole(await this.db.search(this.collection, { vector: vector() })));
    every('search gRPC', EVERY.search, async () =>
      whole(await this.grpc.call('search', { collection: this.collection, vector: vector() })),
    );
    every('search WebSocket', EVERY.search, async () => whole(await this.socket.search({ vector: vector() })));
    let batch = 0;
    every('upsert', EVERY.upsert, () => {
      batch += 1;
      return this.#upsert(batch);
    });
    this.#followers = {
      REST: this.#following((options) => this.db.listChanges(this.collection, options)),
      gRPC: this.#following((options) => this.grpc.call('listChanges', { collection: this.collection, ...options })),
    };
    for (const [wire, { follow }] of Object.entries(this.#followers))
      every(`changes ${wire}`, 0, () => follow(WAIT_MS));
    every('login', EVERY.login, () => this.session.login());
    const own = new Session(this.target, this.session.user, this.timeoutMs);
    every('refresh', EVERY.refresh, () => own.refresh());
    this.#tracks.push(this.#healthz());
  }

  /**
   * A few writes of megabytes at once, as an import makes them: memory of before is that of a server that has been used,
   * whose allocator keeps what such work needed.
   */
  async #bulkLoad() {
    const name = `${this.collection}-bulk`;
    await this.db.createCollection(name, { dimension: DIMENSION, shards: 1 });
    const text = 'words of a document '.repeat(BULK.payload / 20);
    const write = (batch) =>
      this.db.upsert(
        name,
        Array.from({ length: BULK.points }, (_, at) => ({
          id: `${batch}-${at}`,
          vector: Array.from({ length: DIMENSION }, () => this.random() - 0.5),
          payload: { text },
        })),
      );
    await Promise.all(Array.from({ length: BULK.writes }, (_, batch) => write(batch)));
    await this.db.deleteCollection(name);
  }

  /** One write of a few points, each with a value that no other write has. */
  async #upsert(batch) {
    const values = Array.from({ length: BATCH }, () => this.#next++);
    const points = values.map((value, at) => ({
      id: at === 0 ? `hot-${batch % HOT_IDS}` : `point-${value % IDS}`,
      vector: Array.from({ length: DIMENSION }, () => this.random() - 0.5),
      payload: { value },
    }));
    await this.db.upsert(this.collection, points);
    for (const { id, payload } of points) this.#acknowledged.set(id, payload.value);
  }

  #following(list) {
    let cursor = '';
    const seen = new Set();
    const follow = async (waitMs) => {
      const { changes, nextCursor } = await list({ cursor, waitMs });
      cursor = nextCursor;
      for (const { id, point } of changes) seen.add(id ?? point.id);
      return changes.length;
    };
    return { seen, follow };
  }

  async #repeat(kind, everyMs, work) {
    while (!this.#stopped) {
      const from = performance.now();
      await this.#one(kind, work);
      const restMs = Math.max(1, this.pace * everyMs - (performance.now() - from));
      await pause(restMs, undefined, { signal: this.#waking.signal }).catch(() => {});
    }
  }

  async #one(kind, work) {
    const from = performance.now();
    const begun = this.#begun(kind);
    try {
      await this.#patiently(work, from + this.timeoutMs);
      this.#window.done(kind, performance.now() - from);
    } catch (error) {
      if (!this.#stopped) this.#window.failed(kind, reasonOf(error));
      await pause(20);
    } finally {
      begun();
    }
  }

  /** Where no time counts, a deadline of the server that has passed counts no more than the time itself. */
  async #patiently(work, endMs) {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (this.timed || performance.now() > endMs || !/DEADLINE_EXCEEDED/.test(reasonOf(error))) throw error;
      }
    }
  }

  /** Counts an operation from its beginning; what is returned counts its end. */
  #begun(kind) {
    this.#ended[kind] ??= { begun: 0, ended: 0, lastEnded: 0 };
    const of = this.#ended[kind];
    of.begun += 1;
    const number = of.begun;
    return () => {
      of.lastEnded = Math.max(of.lastEnded, number);
    };
  }

  /** A probe every 50 ms on a connection of its own, whether those before have been answered or not. */
  async #healthz() {
    const at = { ...this.target.http, authority: this.target.authority };
    const probe = async () => {
      const { status } = await rest(at, 'GET', '/healthz', { timeoutMs: this.timeoutMs });
      if (status !== 200) throw new Error(`status ${status}`);
    };
    while (!this.#stopped) {
      void this.#one('healthz', probe);
      await pause(this.pace * EVERY.healthz);
    }
  }

  #wake() {
    this.#waking.abort();
    this.#waking = new AbortController();
    setMaxListeners(0, this.#waking.signal);
  }

  take() {
    const told = this.#window.told();
    this.#window = new Window();
    return told;
  }

  /** Kinds of operation of which none has begun and ended since now, when `ms` have passed. */
  async proceed(ms) {
    const from = Object.fromEntries(Object.entries(this.#ended).map(([kind, { begun }]) => [kind, begun]));
    this.#wake();
    const late = () => Object.keys(from).filter((kind) => this.#ended[kind].lastEnded <= from[kind]);
    for (const end = performance.now() + ms; late().length > 0 && performance.now() < end; ) await pause(10);
    return late();
  }

  /** Acknowledged writes that are not there, or not as they were acknowledged. The load must have ended. */
  async verify() {
    // The server may be another process by now: connections of before are of no use, and it may take a moment.
    await this.close();
    this.db = overRest(this.target, this.key, VERIFY_MS, VERIFY_RETRIES);
    this.grpc = overGrpc(this.target, this.key, VERIFY_MS, true);
    const stored = new Map();
    let cursor;
    do {
      const page = await this.db.listPoints(this.collection, { limit: PAGE, cursor, consistency: 'linearizable' });
      for (const { id, payload } of page.points) stored.set(id, payload.value);
      cursor = page.nextCursor;
    } while (cursor);
    const lost = [];
    for (const [id, value] of this.#acknowledged) {
      // A later write that was not acknowledged may have taken effect all the same.
      if (!(stored.get(id) >= value)) lost.push(`${id}: acknowledged ${value}, stored ${stored.get(id)}`);
    }
    for (const [wire, { seen, follow }] of Object.entries(this.#followers)) {
      if (!(await followed(follow))) continue;
      for (const id of this.#acknowledged.keys()) {
        if (!seen.has(id)) lost.push(`${id}: not among the changes over ${wire}`);
      }
    }
    return { acknowledged: this.#acknowledged.size, writes: this.#next - 1, lost };
  }

  async end() {
    this.#stopped = true;
    this.#wake();
    await Promise.all(this.#tracks);
  }

  async close() {
    this.socket.close();
    this.grpc.close();
    await this.db.close();
  }
}

/** Follows to the end. False: the log was cut at a restart of the server, and says so. */
async function followed(follow) {
  try {
    while ((await follow(0)) > 0);
    return true;
  } catch (error) {
    if (/no longer kept/.test(error.message)) return false;
    throw error;
  }
}

/** Throws unless every shard answered. */
function whole(found) {
  if (found.complete === false || found.partial === true) throw new Error('the answer is partial');
}

function reasonOf(error) {
  const code = error.code ?? error.cause?.code ?? '';
  return `${code} ${error.message ?? error}`.trim().slice(0, 200);
}

let load;
const answers = {
  begin: async (order) => {
    load = new NormalLoad(order);
    await load.begin();
  },
  take: () => load.take(),
  proceed: ({ ms }) => load.proceed(ms),
  verify: async () => {
    await load.end();
    return load.verify();
  },
  end: () => load.end(),
};
process.on('message', async ({ number, ask, ...order }) => {
  try {
    process.send({ number, answer: await answers[ask](order) });
  } catch (error) {
    process.send({ number, fault: error.stack ?? String(error) });
  }
});
process.once('disconnect', () => process.exit(0));
