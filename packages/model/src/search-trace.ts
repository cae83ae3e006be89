import { gateway } from '@vectron/proto';
import type { Route } from './route.js';

/** What the steps of one search took and decided, in their order. It is only kept for a search that is to be explained. */
export class SearchTrace {
  readonly #startedMs = performance.now();
  readonly #steps: gateway.Step[] = [];

  step(name: string, milliseconds: number, details: Readonly<Record<string, string>>): void {
    this.#steps.push({ name, milliseconds, details: new Map(Object.entries(details)) });
  }

  shard(read: gateway.ShardRead): void {
    const { recallInterval, ...values } = read;
    const json = gateway.ShardRead.toJSON({ ...values, recallInterval: undefined }) as object;
    const seen = Object.entries(json).map(([key, value]) => [key, String(value)]);
    if (recallInterval !== undefined) seen.push(['recallInterval', `${recallInterval.low} to ${recallInterval.high}`]);
    this.step('shard', read.milliseconds, Object.fromEntries(seen));
  }

  /** The steps so far, and as the last of them the time since this was made. */
  explanation(
    { collection, shards }: Route,
    asked: Pick<gateway.Explanation, 'traceId' | 'budgetMs' | 'consistency'>,
  ): gateway.Explanation {
    const total = { name: 'total', milliseconds: performance.now() - this.#startedMs, details: new Map() };
    return {
      ...asked,
      routeEpoch: Math.max(...shards.map(({ epoch }) => epoch)),
      collectionId: collection.id,
      steps: [...this.#steps, total],
    };
  }
}
