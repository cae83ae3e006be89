import { toVectronError } from '@vectron/errors';
import { type AskShard, type ShardOperation, searchWithin } from '@vectron/model';
import type { placement } from '@vectron/proto';
import type { AnswerLease } from './answer-room.js';

/** Of all shards together, an answer that needs no room of its own. */
const SMALL_BYTES = 4 << 20;
const LEAST_OF_SHARD = 256 << 10;

/**
 * Asks so that an answer which is large waits for its room before its shards give it: each is asked for a small one first. What does
 * not fit into that is asked for again with the room it may need. `shards`: how many are asked.
 */
export function askWithin(ask: AskShard, shards: number, lease: AnswerLease): AskShard {
  const small = Math.max(LEAST_OF_SHARD, Math.floor(SMALL_BYTES / shards));
  return async (shard, op) => {
    const wanted = mostBytes(op);
    if (wanted <= small) return ask(shard, op);
    const first = await smallAnswer(ask, shard, op, small);
    if (first !== undefined) return first;
    await lease.hold(wanted * shards);
    return ask(shard, op);
  };
}

/** `undefined`: it does not fit. */
async function smallAnswer(ask: AskShard, shard: placement.Shard, op: ShardOperation, maxBytes: number) {
  try {
    const answer = await ask(shard, limited(op, maxBytes));
    const { outcome } = answer;
    const isCut =
      op.$case === 'scroll' &&
      outcome.$case === 'page' &&
      outcome.value.more &&
      outcome.value.points.length < op.value.limit;
    return isCut ? undefined : answer;
  } catch (cause) {
    if (toVectronError(cause).code === 'ANSWER_TOO_LARGE') return undefined;
    throw cause;
  }
}

/** What the shard may give; 0: always little. */
function mostBytes(op: ShardOperation): number {
  if (op.$case === 'scroll') return op.value.idsOnly ? 0 : op.value.maxBytes;
  const searches = op.$case === 'search' ? [op.value] : op.$case === 'batch' ? op.value.searches : [];
  const withMore = searches.filter(({ includePayload, includeVector }) => includePayload || includeVector);
  return Math.max(0, ...withMore.map(({ maxBytes }) => maxBytes));
}

function limited(op: ShardOperation, maxBytes: number): ShardOperation {
  if (op.$case === 'scroll') return { $case: 'scroll', value: { ...op.value, maxBytes } };
  if (op.$case === 'search') return { $case: 'search', value: searchWithin(op.value, maxBytes) };
  if (op.$case !== 'batch') return op;
  return { $case: 'batch', value: { searches: op.value.searches.map((one) => searchWithin(one, maxBytes)) } };
}
