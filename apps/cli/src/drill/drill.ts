import { connect, type Shard, type VectronClient } from '@vectron/sdk';
import type { LocalCluster } from '../local/local-cluster.js';
import { Load, vectorOf } from './load.js';
import { until } from './until.js';

/** One thing that is promised, what was seen of it, and whether it held. */
export interface Verdict {
  readonly drill: string;
  /** A time depends on what else the machine does; a promise must hold on any. */
  readonly kind: 'promise' | 'time';
  readonly promise: string;
  readonly bound: string;
  readonly figure: string;
  readonly held: boolean;
}

export const wordOf = ({ kind, held }: Verdict): string => (held ? 'held' : kind === 'time' ? 'LATE' : 'BROKEN');

/** Whether a time beyond its bound makes a drill fail, or is only reported. */
export const TIME_RULES = ['require', 'report'] as const;
export type TimeRule = (typeof TIME_RULES)[number];

export const fails = ({ kind, held }: Verdict, times: TimeRule): boolean =>
  !held && (kind === 'promise' || times === 'require');

export interface DrillSize {
  /** Points of the collection, and their dimension. */
  readonly points: number;
  readonly dimension: number;
  /** How long what shall last lasts, seconds. */
  readonly outageS: number;
  readonly quick: boolean;
}

/** A drill of one kind of failure or work. It leaves the cluster whole. */
export interface Drill {
  readonly name: string;
  readonly about: string;
  /** What of the machine it needs beside processes. */
  readonly needs?: () => string | undefined;
  run(drill: DrillRun): Promise<void>;
}

const COLLECTION = 'drill';
/** So many that five workers can have nearly equal parts of their replicas. */
const SHARDS = 8;

/** What a drill has to work with. */
export class DrillRun {
  readonly verdicts: Verdict[] = [];
  /** For looks at the cluster and commands to it, which fail soon: a drill asks again by itself. */
  readonly operator: VectronClient;

  constructor(
    private readonly drill: Pick<Drill, 'name'>,
    readonly cluster: LocalCluster,
    readonly db: VectronClient,
    readonly size: DrillSize,
    readonly say: (line: string) => void,
  ) {
    const { http, apiKey } = cluster.info;
    this.operator = connect(http, { apiKey, timeoutMs: 15_000, retries: 1 });
  }

  expect(promise: string, bound: string, figure: string, held: boolean): void {
    this.#judge({ drill: this.drill.name, kind: 'promise', promise, bound, figure, held });
  }

  /** A measured time against its bound, both in milliseconds. */
  within(promise: string, ms: number, boundMs: number): void {
    const figure = Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : 'never';
    // What never came is no matter of time.
    const kind = Number.isFinite(ms) ? 'time' : 'promise';
    this.#judge({ drill: this.drill.name, kind, promise, bound: `${boundMs / 1000} s`, figure, held: ms <= boundMs });
  }

  #judge(verdict: Verdict): void {
    this.verdicts.push(verdict);
    this.say(`  ${wordOf(verdict)}: ${verdict.promise}: ${verdict.figure} (bound: ${verdict.bound})`);
  }

  get collection(): string {
    return COLLECTION;
  }

  /** The collection of the drills, filled, and every shard whole. */
  async prepare(): Promise<void> {
    const { points, dimension } = this.size;
    const known = (await this.db.listCollections()).some(({ name }) => name === COLLECTION);
    if (!known) {
      await this.db.createCollection(COLLECTION, { dimension, distance: 'cosine', shards: SHARDS, replicas: 3 });
      for (let at = 0; at < points; at += 250) {
        const batch = Array.from({ length: Math.min(250, points - at) }, (_, one) => `base-${at + one}`);
        await this.db.upsert(
          COLLECTION,
          batch.map((id) => ({ id, vector: vectorOf(id, dimension) })),
        );
      }
    }
    await this.whole();
  }

  /** Waits until every voter of every shard is current and nothing is under way; how long that took, milliseconds. */
  async whole(): Promise<number> {
    const from = performance.now();
    await until('every shard is whole', async () => {
      const shards = await this.shards();
      return (
        shards.length > 0 &&
        shards.every((one) => one.ready && one.healthyReplicas === one.voters && one.operation === undefined)
      );
    });
    return performance.now() - from;
  }

  async shards(): Promise<Shard[]> {
    return (await this.operator.admin.shards()).filter(({ collection }) => collection === COLLECTION);
  }

  /** Clients at work, warm. */
  async load(): Promise<Load> {
    const { dimension } = this.size;
    const load = new Load(
      this.db,
      { collection: COLLECTION, dimension, writers: 2, readers: 2, searchers: 2, pauseMs: 30 },
      `${this.drill.name}-${Date.now().toString(36)}`,
    );
    await until('the clients are at work', async () => load.moments.filter(({ error }) => !error).length > 30);
    load.moments.length = 0;
    return load;
  }

  /** Stops the clients and says what every fault must leave true: no failed call, nothing lost, doubled or stale. */
  async settle(load: Load): Promise<void> {
    await load.stop();
    const { failures, moments } = load;
    const first = failures[0]?.error;
    const detail = first === undefined ? '' : ` (${first.trim()})`;
    const figure = `${failures.length} of ${moments.length}${detail}`;
    this.expect('failed requests through the SDK', '0', figure, failures.length === 0);
    const { lost, doubled } = await load.verify();
    const stored = `${lost.length} lost, ${doubled.length} doubled of ${load.acknowledged.size}`;
    this.expect('acknowledged points lost or doubled', '0', stored, lost.length + doubled.length === 0);
    const stale = moments.filter((moment) => moment.stale).length;
    this.expect('strong reads that missed an acknowledged write', '0', String(stale), stale === 0);
  }

  /** `worker-2` for worker number 2: they are started in that order. */
  workerName = (number: number): string => `worker-${number}`;

  /** Name of the placement driver that leads. */
  async placementLeader(): Promise<string> {
    return until('a placement driver leads', async () => {
      const { placementLeader } = await this.operator.admin.cluster();
      return this.cluster.running('pd').find((name) => this.cluster.addressOf(name) === placementLeader);
    });
  }
}
