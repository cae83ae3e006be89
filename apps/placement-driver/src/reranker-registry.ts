import { randomUUID } from 'node:crypto';
import type { MetaStore } from '@vectron/metastore';
import type { placement } from '@vectron/proto';

const RERANKERS = '/pd/rerankers/';
/** A reranker that has not reported for so long is not healthy, and forgotten after ten times as long. */
const UNHEALTHY_MS = 15_000;
/** Reports more often than this are not written. */
const WRITE_MS = 4_000;

interface Known {
  readonly address: string;
  readonly atMs: number;
}

/** Rerankers, as they report to any placement driver. */
export class RerankerRegistry {
  constructor(
    private readonly meta: MetaStore,
    private readonly now: () => number,
  ) {}

  async register(id: string, address: string): Promise<string> {
    const given = id || randomUUID();
    await this.#put(given, { address, atMs: this.now() });
    return given;
  }

  /** `false`: unknown, register again. */
  async beat(id: string): Promise<boolean> {
    const entry = await this.meta.get(RERANKERS + id);
    if (entry === undefined) return false;
    const known = JSON.parse(entry.value) as Known;
    if (this.now() - known.atMs >= WRITE_MS) await this.#put(id, { ...known, atMs: this.now() });
    return true;
  }

  async list(): Promise<placement.RerankerInfo[]> {
    const { entries } = await this.meta.range(RERANKERS);
    const all = entries.map(({ key, value }) => ({ id: key.slice(RERANKERS.length), ...(JSON.parse(value) as Known) }));
    return all.map(({ id, address, atMs }) => ({
      rerankerId: id,
      grpcAddress: address,
      lastHeartbeatMs: atMs,
      healthy: this.now() - atMs <= UNHEALTHY_MS,
    }));
  }

  async #put(id: string, known: Known): Promise<void> {
    const { entries } = await this.meta.range(RERANKERS);
    const forgotten = entries.filter(
      ({ key, value }) => key !== RERANKERS + id && this.now() - (JSON.parse(value) as Known).atMs > 10 * UNHEALTHY_MS,
    );
    await this.meta.txn(
      [],
      [{ put: RERANKERS + id, value: JSON.stringify(known) }, ...forgotten.map(({ key }) => ({ delete: key }))],
    );
  }
}
