import { setTimeout as pause } from 'node:timers/promises';
import { Accounts } from './accounts.mjs';
import { factsOf, memoryOf } from './facts.mjs';
import { startHome } from './home.mjs';
import { complaints, settled } from './judge.mjs';
import { refusedAfterwards } from './probe.mjs';
import { AttackProcess, LoadProcess } from './process.mjs';

const SAMPLE_MS = 100;
const SETTLE_LOOK_MS = 500;
/** The attacks are over, and what they held is given back: how long that is waited for. */
const SETTLE_MS = { full: 45_000, short: 60_000 };
/** An operation of the normal load that does not end within this is late. */
const PROCEED_MS = { full: 15_000, short: 60_000 };
const ATTACKER_SLACK_MS = 90_000;
const WARM_MS = { full: 8_000, short: 1_500 };
/** Clients of the normal load wait so long for an answer. */
const TIMEOUT_MS = { full: 15_000, short: 60_000 };
const ATTACKERS = '127.0.2.';
/** An attack that makes the server take so much more memory has won, and is ended before the machine runs out of it. */
const MEMORY_CUT = 3 * 2 ** 30;

/** One server, one normal load, and attacks on it, round by round. */
export class Campaign {
  #home;
  #load;
  #accounts;
  #floor = 0;
  #rounds = 0;
  /** What was acknowledged and is not there, over all loads. */
  lost = [];
  acknowledged = 0;

  constructor({ seed, form, timed, home }) {
    this.seed = seed;
    this.form = form;
    this.timed = timed;
    this.homeOptions = home;
  }

  async begin() {
    this.#home = await startHome(this.homeOptions);
    this.#accounts = new Accounts(this.#home);
    this.#user = await this.#accounts.make('normal-user');
    await this.#beginLoad();
  }

  #user;

  get log() {
    return this.#home?.log() ?? '';
  }

  get #target() {
    const { http, grpc, authority } = this.#home;
    return { http, grpc, authority };
  }

  async #beginLoad() {
    this.#rounds += 1;
    const order = {
      ...{ target: this.#target, user: this.#user, seed: this.seed, timeoutMs: TIMEOUT_MS[this.form] },
      ...{ timed: this.timed, pace: this.form === 'full' ? 1 : 2, incarnation: this.#rounds },
    };
    this.#load = await LoadProcess.begin(order, this.#home.authorityFile);
    await pause(WARM_MS[this.form]);
    await this.#home.collectGarbage();
    await this.#load.ask('take');
    this.#floor = memoryOf(this.#home).memory;
  }

  /** Carries out `attacks` at once; gives the round with its figures and complaints. */
  async round(attacks, { seconds, scale }) {
    const orders = await Promise.all(attacks.map((attack, at) => this.#order(attack, { at, seconds, scale })));
    const pids = this.#home.pids().join();
    await this.#home.collectGarbage();
    const before = factsOf(this.#home);
    const peak = { memory: before.memory, files: before.files };
    await this.#load.ask('take');
    const from = performance.now();
    const running = orders.map((order) => new AttackProcess(order, order.seconds * 1_000 + ATTACKER_SLACK_MS));
    const sampling = setInterval(() => {
      const { memory, files } = memoryOf(this.#home);
      peak.memory = Math.max(peak.memory, memory);
      peak.files = Math.max(peak.files, files);
      if (memory < before.memory + MEMORY_CUT) return;
      for (const one of running) one.stop('the server took gigabytes of memory for it');
    }, SAMPLE_MS);
    const results = await Promise.all(running.map(({ done }) => done));
    const late = await this.#load.ask('proceed', { ms: PROCEED_MS[this.form] });
    const tookMs = performance.now() - from;
    const during = await this.#load.ask('take');
    clearInterval(sampling);
    const cpuSeconds = factsOf(this.#home).cpuSeconds - before.cpuSeconds;
    await this.#settle(before, attacks);
    const addresses = orders.map(({ address }) => address);
    const probe = this.#home.running()
      ? await refusedAfterwards(this.#home, this.#user, addresses, TIMEOUT_MS[this.form])
      : [];
    const after = await this.#load.ask('take');
    const round = {
      attacks: attacks.map((attack, at) => ({
        ...attack,
        result: results[at],
        times: (count) => Math.max(1, Math.round(count * scale)),
      })),
      facts: { before, peak, now: factsOf(this.#home) },
      ...{ during, after, late, probe, tookMs, cpuSeconds },
      alive: this.#home.running(),
      samePids: this.#home.pids().join() === pids,
    };
    const found = complaints(round, { timed: this.timed, floor: this.#floor });
    if (found.length > 0) await this.#renew();
    return { ...round, complaints: found };
  }

  async #order(attack, { at, seconds, scale }) {
    this.#rounds += 1;
    const number = this.#rounds;
    const account = attack.account && (await this.#accounts.make(`attacker-${number}`, attack.account));
    const more = attack.metricsKey ? { metricsKey: await this.#accounts.metricsKey() } : {};
    return {
      attack: attack.name,
      target: this.#target,
      account: { ...account, ...more, admin: this.#home.admin.email, user: this.#user.email },
      seed: this.seed + number,
      seconds: seconds(attack),
      scale,
      address: `${ATTACKERS}${1 + ((number + at) % 250)}`,
    };
  }

  async #settle(before, attacks) {
    const end = performance.now() + SETTLE_MS[this.form];
    while (this.#home.running() && performance.now() < end) {
      await this.#home.collectGarbage();
      if (settled(memoryOf(this.#home), before, this.#floor, attacks)) return;
      await pause(SETTLE_LOOK_MS);
    }
  }

  /** A server and a load as they were at the beginning, on the same data, so that the next round is judged by itself. */
  async #renew() {
    await this.#home.restart();
    await this.#verify();
    await this.#beginLoad();
  }

  async #verify() {
    try {
      const { acknowledged, lost } = await this.#load.ask('verify');
      this.acknowledged += acknowledged;
      this.lost.push(...lost);
    } catch (error) {
      this.lost.push(`acknowledged writes could not be read back: ${error.message.slice(0, 500)}`);
    }
    this.#load.end();
  }

  /** Ends without a verdict. */
  async abandon() {
    this.#load?.end();
    await this.#home?.stop();
  }

  async end() {
    if (this.#load) await this.#verify();
    await this.#home?.stop();
  }
}
