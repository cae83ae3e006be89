import { readFileSync } from 'node:fs';
import { connect } from '@vectron/sdk';
import { Times } from '../../harness/figures.js';
import { type ProcessSystem, rest } from '../../harness/system.js';
import { until } from '../../harness/waiting.js';
import type { Attack, Told } from './attack.js';

const COLLECTION = 'others';
const MEMORY_SHARE = 1.2;
/** Below this size, what the runtime keeps for itself is most of a difference. */
const MEMORY_SLACK = 64 << 20;

/** What honest clients do on a server that is under attack: none of it may fail. */
export class Others {
  #health = new Times();

  private constructor(
    private readonly system: ProcessSystem,
    private readonly db: ReturnType<typeof connect>,
  ) {}

  static async on(system: ProcessSystem): Promise<Others> {
    const db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection(COLLECTION, { dimension: 4 });
    const others = new Others(system, db);
    await others.once(0);
    return others;
  }

  /** Health, a write and a search, each of which has to succeed. */
  async once(at: number): Promise<void> {
    await this.#health.of(async () => {
      const { status } = await rest(this.system.http, 'GET', '/healthz');
      if (status !== 200) throw new Error(`healthz answered ${status}`);
    });
    await this.db.upsert(COLLECTION, [{ id: `p${at % 100}`, vector: [1, at % 7, 0, 1] }]);
    const { hits } = await this.db.search(COLLECTION, { vector: [1, 0, 0, 1], topK: 1 });
    if (hits.length !== 1) throw new Error('a search found nothing');
  }

  /** Does all of that again and again until the attack has ended; returns what it told, and how often it was done meanwhile. */
  async during(attack: Attack): Promise<Told & { rounds: number }> {
    const times = new Times();
    this.#health = new Times();
    let rounds = 0;
    while (attack.running) {
      await times.of(() => this.once(times.count));
      // What ended after the attack was not done during it.
      if (attack.running) rounds += 1;
    }
    const told = await attack.ended();
    times.tell('health, write and search, one after the other, during the attack');
    this.#health.tell('health alone');
    return { ...told, rounds };
  }

  /** Resident memory of the server, bytes. */
  memory(): number {
    const status = readFileSync(`/proc/${this.system.processes[0].pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
  }

  /** Waits until the server has given back what an attack took: it needs work to do so, and gets some. */
  async memoryIsBack(before: number): Promise<void> {
    const most = Math.max(before * MEMORY_SHARE, before + MEMORY_SLACK);
    await until(
      `memory is within 20 % of ${Math.round(before / 2 ** 20)} MiB`,
      async () => {
        await this.once(1);
        return Math.round(this.memory() / 2 ** 20);
      },
      (now) => now * 2 ** 20 <= most,
    );
  }

  close(): Promise<void> {
    return this.db.close();
  }
}
