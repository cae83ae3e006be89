import type { placement, workerData } from '@vectron/proto';
import { type AskShard, otherOutcome } from './ask-shard.js';

/** Bytes of the points that a shard gives at a time. */
const STEP_BYTES = 4 << 20;

/** Those of the points that are there, without their payloads, however many and large they are. */
export async function barePoints(
  shard: placement.Shard,
  ids: readonly string[],
  ask: AskShard,
): Promise<workerData.PointData[]> {
  const found: workerData.PointData[] = [];
  let rest = [...new Set(ids)];
  while (rest.length > 0) {
    const value = { ids: rest, maxBytes: STEP_BYTES, withoutPayloads: true };
    const { outcome } = await ask(shard, { $case: 'get', value });
    // A worker of a release that has no pages of these gives all at once.
    if (outcome.$case === 'points') return outcome.value.points;
    if (outcome.$case !== 'page') throw otherOutcome(outcome);
    const { points, more } = outcome.value;
    found.push(...points);
    const last = points.at(-1);
    if (!more || last === undefined) break;
    rest = rest.slice(rest.indexOf(last.id) + 1);
  }
  return found;
}
