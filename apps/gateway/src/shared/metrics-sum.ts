import { exposition, type Metrics, type MetricsSnapshot, snapshotOf, sumOfMetrics } from '@vectron/observability';

/** Calls by operation and outcome. */
export type RequestCounts = readonly { readonly labels: Record<string, string | number>; readonly value: number }[];

/** What the threads of this process have counted, by the number of their gateway. */
export type Snapshots = () => Promise<ReadonlyMap<number, MetricsSnapshot>>;

/** What the gateways of this process count, as one; of a gateway in this thread, its own metrics. */
export class MetricsSum {
  /** What each counted when it was last asked. */
  readonly #last = new Map<number, MetricsSnapshot>();
  /** What gateways had counted that are no more: a sum of counts must not become smaller. */
  readonly #ended = new Map<number, MetricsSnapshot>();

  constructor(
    private readonly own: Metrics,
    private readonly snapshots?: Snapshots,
  ) {}

  /** The exposition text of all of them. */
  async text(): Promise<string> {
    if (this.snapshots === undefined) return exposition(this.own);
    const all = await this.#all();
    const { gatewayRequests } = this.own;
    gatewayRequests.reset();
    for (const [number, counted] of all) {
      const calls = requestsIn(counted).reduce((sum, { value }) => sum + value, 0);
      gatewayRequests.inc({ gateway: String(number) }, calls);
    }
    return sumOfMetrics([await snapshotOf(this.own), ...all.values()]).metrics();
  }

  async requests(): Promise<RequestCounts> {
    if (this.snapshots === undefined) return (await this.own.requests.get()).values as RequestCounts;
    return requestsIn((await this.#summed([...(await this.#all()).values()])) ?? []);
  }

  /** The gateway has ended, and with it what it counted. */
  async ended(number: number): Promise<void> {
    const counted = this.#last.get(number);
    if (counted === undefined) return;
    const before = this.#ended.get(number);
    const kept = counted.filter(({ type }) => COUNTS.has(String(type)));
    const sum = await this.#summed(before === undefined ? [kept] : [before, kept]);
    this.#last.delete(number);
    if (sum !== undefined) this.#ended.set(number, sum);
  }

  /** Of each gateway, with what those before it had counted. */
  async #all(): Promise<Map<number, MetricsSnapshot>> {
    for (const [number, counted] of (await this.snapshots?.()) ?? []) this.#last.set(number, counted);
    const all = new Map<number, MetricsSnapshot>();
    for (const number of new Set([...this.#last.keys(), ...this.#ended.keys()])) {
      const parts = [this.#ended.get(number), this.#last.get(number)].filter((one) => one !== undefined);
      const sum = await this.#summed(parts);
      if (sum !== undefined) all.set(number, sum);
    }
    return all;
  }

  async #summed(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot | undefined> {
    if (snapshots.length < 2) return snapshots[0];
    return sumOfMetrics(snapshots).getMetricsAsJSON();
  }
}

const COUNTS = new Set(['counter', 'histogram']);

const requestsIn = (counted: MetricsSnapshot): RequestCounts =>
  (counted.find(({ name }) => name === 'vectron_requests_total')?.values ?? []) as RequestCounts;
