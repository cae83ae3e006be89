// What is done to each server, and what it costs: filling, the ef of equal recall, searches, a restart.
import { join } from 'node:path';
import { load, readAnswers, startLoad, tokenFile, WARM, writeRequests } from '../harness/loadgen.mjs';
import { failures, perSecond } from '../harness/outcomes.mjs';
import { recallOf } from './data.mjs';

const K = 10;
const EFS = [16, 24, 32, 40, 48, 64, 80, 100, 128, 160, 200, 256, 320, 400];
const BATCH = 100;
const CONNECTIONS = 4;
/** Long enough that nobody gives up while a busy machine answers; refusals are still told. */
const DEADLINE = '60s';
/** CPU seconds in two seconds below which a server counts as idle. */
const IDLE_CPU = 0.2;
const FIRST = 20;
/** A restarted server is right when its first answers are, but for what twenty queries differ from a thousand. */
const RESTART_MARGIN = 0.03;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the load generator needs besides the requests. */
const flagsOf = (server, { wire }) => ({
  ...wire,
  connections: wire.protocol === 'grpc' ? CONNECTIONS : 1,
  ...(server.token ? { 'token-file': tokenFile(server.home, 'admin', server.token) } : {}),
  deadline: DEADLINE,
});

/** Upserts all points, waits until the server has them and is idle, and tells what that cost. */
export async function fill(server, collection, data, { words = false } = {}) {
  await server.create(collection, { dimension: data.dimension, words });
  const upserts = server.upserts(collection, { words });
  const bodies = [];
  for (let from = 0; from < data.count; from += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, data.count - from) }, (_, at) => data.point(from + at));
    bodies.push(upserts.body(rows));
  }
  const requests = writeRequests(join(server.home, 'upserts.requests'), bodies);
  const before = server.cpu();
  const report = await load({ ...flagsOf(server, upserts), requests, clients: 4, once: true });
  if (failures(report) > 0) throw new Error(`${server.name}: upserts failed: ${JSON.stringify(report.codes)}`);
  const acknowledged = server.cpu();
  while (!(await server.isSettled(collection, data.count))) await pause(200);
  await idle(server);
  const micros = (seconds) => (seconds / data.count) * 1e6;
  return {
    perSecond: data.count / report.seconds,
    p99Ms: report.ok.p99Ms,
    acknowledgedCpuUs: micros(acknowledged - before),
    cpuUs: micros(server.cpu() - before),
  };
}

/** Waits until a server does nothing of its own for two looks. */
async function idle(server) {
  for (let quiet = 0, before = server.cpu(); quiet < 2; ) {
    await pause(2_000);
    const now = server.cpu();
    quiet = now - before < IDLE_CPU ? quiet + 1 : 0;
    before = now;
  }
}

/** A search that was prepared for one server: its wire, its requests and what they found. */
export class PreparedSearch {
  constructor(server, wire, collection, data, shape) {
    Object.assign(this, { server, wire, collection, data, shape });
  }

  /** Encodes the requests for an `ef`. */
  async #encode(ef) {
    const { server, wire, collection, data, shape } = this;
    this.ef = ef;
    await server.setEf?.(collection, ef);
    this.search = server.searches(wire, collection, { k: K, ef, ...shape });
    const bodies = data.queries.map((query) => this.search.body(query));
    const name = [collection, wire, shape.below ?? 'all', shape.hybrid ? 'hybrid' : 'vector'].join('-');
    this.requests = writeRequests(join(server.home, `${name}.requests`), bodies);
  }

  get flags() {
    return { ...flagsOf(this.server, this.search), requests: this.requests };
  }

  /** Asks every query once and keeps the ids that were found. */
  async #ask() {
    const answers = join(this.server.home, 'search.answers');
    const report = await load({ ...this.flags, clients: 4, once: true, answers });
    if (failures(report) > 0) {
      throw new Error(`${this.server.name}: searches failed while nothing else ran: ${JSON.stringify(report.codes)}`);
    }
    return readAnswers(answers).map((answer) => (answer === undefined ? [] : this.search.ids(answer)));
  }

  /** Takes the least ef that reaches the recall, or the greatest one. */
  async tune(recall) {
    const recalls = new Map();
    let [least, greatest] = [0, EFS.length - 1];
    while (least < greatest) {
      const at = Math.floor((least + greatest) / 2);
      recalls.set(EFS[at], await this.#recallAt(EFS[at]));
      if (recalls.get(EFS[at]) >= recall) greatest = at;
      else least = at + 1;
    }
    const ef = EFS[least];
    if (this.ef === ef) return;
    this.recall = recalls.get(ef) ?? (await this.#recallAt(ef));
    await this.#encode(ef);
  }

  async #recallAt(ef) {
    await this.#encode(ef);
    this.recall = recallOf(await this.#ask(), this.data.truth(this.shape.below), K);
    return this.recall;
  }

  /** Takes a given ef; fails when a query finds nothing, as one that the server did not understand. */
  async take(ef) {
    await this.#encode(ef);
    const found = await this.#ask();
    // Which answers of a hybrid search are right is a matter of taste.
    if (!this.shape.hybrid) this.recall = recallOf(found, this.data.truth(this.shape.below), K);
    const empty = found.filter((ids) => ids.length === 0).length;
    if (empty > 0) throw new Error(`${this.server.name}: ${empty} of ${found.length} searches found nothing`);
  }

  /** Another search of the same collection may have set an ef that is part of the collection. */
  async restoreEf() {
    await this.server.setEf?.(this.collection, this.ef);
  }

  /** Sends as many searches as the server needs to become as fast as it gets. */
  async warm() {
    await load({ ...this.flags, ...WARM, clients: 8, count: this.server.constructor.warmRequests });
  }

  /** CPU, latencies and refusals of so many clients at once. */
  async run(clients, seconds) {
    const { server, flags } = this;
    const before = server.cpu();
    const report = await load({ ...flags, clients, seconds });
    const spent = server.cpu() - before;
    return {
      cpuUs: (spent / report.ok.count) * 1e6,
      clientCpuUs: (report.clientCpuSeconds / report.ok.count) * 1e6,
      perSecond: perSecond(report),
      p50Ms: report.ok.p50Ms,
      p99Ms: report.ok.p99Ms,
      refused: report.refused.count,
      failed: failures(report) - report.refused.count,
    };
  }
}

/** Stops a server, starts it on what it has, and tells what it took until twenty answers were right. */
export async function restart(server, prepared) {
  await prepared.restoreEf();
  const stopping = Date.now();
  await server.stop();
  const stopMs = Date.now() - stopping;
  let started;
  for (let firstMs; ; ) {
    const answers = join(server.home, 'restart.answers');
    const asking = startLoad({ ...prepared.flags, first: FIRST, answers, deadline: '5s' });
    const lines = linesOf(asking);
    await lines.next();
    if (started === undefined) {
      started = Date.now();
      await server.start();
    }
    const { answered, firstAtMs, lastAtMs } = JSON.parse((await lines.next()).value);
    await lines.next(); // the end, after the answers were written
    if (answered < FIRST)
      throw new Error(`${server.name}: ${answered} of ${FIRST} searches were answered after a restart`);
    firstMs ??= firstAtMs - started;
    const found = readAnswers(answers)
      .slice(0, FIRST)
      .map((answer) => prepared.search.ids(answer));
    const recall = recallOf(found, prepared.data.truth(prepared.shape.below), K);
    if (recall >= prepared.recall - RESTART_MARGIN) {
      return { stopMs, firstMs, rightMs: lastAtMs - started, cpuSeconds: server.cpu(), recall };
    }
    if (Date.now() - started > 120_000)
      throw new Error(`${server.name}: the answers after a restart have recall ${recall}`);
  }
}

async function* linesOf(child) {
  let rest = '';
  for await (const chunk of child.stdout) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines;
  }
}
