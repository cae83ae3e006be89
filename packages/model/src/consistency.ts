import { VectronError } from '@vectron/errors';
import type { gateway, workerData } from '@vectron/proto';

const DEFAULT_STALENESS_MS = 2_000;
const MAX_STALENESS_MS = 3_600_000;
const TOKEN = /^v1((\.\d{1,10}-\d{1,20})+)$/;

/** What a read asks of each shard. */
export interface ReadPlan {
  /** Whether a replica that does not lead may answer. */
  readonly anyReplica: boolean;
  /** For the shard; undefined: whatever the replica has. */
  of(shardId: number): workerData.Consistency | undefined;
}

const WHATEVER: ReadPlan = { anyReplica: false, of: () => undefined };

/** Throws INVALID_ARGUMENT naming the field that is wrong. */
export function readPlan(asked: gateway.ReadConsistency | undefined): ReadPlan {
  if (asked === undefined) return WHATEVER;
  const { level, maxStalenessMs, writeToken } = asked;
  if (writeToken !== '' && level !== 'at_least') {
    throw VectronError.invalid(
      'consistency.level',
      'write_token requires level at_least; set the level or omit the token',
    );
  }
  if (maxStalenessMs !== 0 && level !== 'bounded') {
    throw VectronError.invalid(
      'consistency.level',
      'max_staleness_ms requires level bounded; set the level or omit max_staleness_ms',
    );
  }
  switch (level) {
    case '':
    case 'any':
      return WHATEVER;
    case 'linearizable': {
      const consistency: workerData.Consistency = { level: { $case: 'linearizable', value: true } };
      return { anyReplica: false, of: () => consistency };
    }
    case 'bounded': {
      if (maxStalenessMs > MAX_STALENESS_MS) {
        throw VectronError.invalid(
          'consistency.max_staleness_ms',
          `max_staleness_ms must be at most ${MAX_STALENESS_MS}`,
        );
      }
      const value = maxStalenessMs || DEFAULT_STALENESS_MS;
      return { anyReplica: true, of: () => ({ level: { $case: 'boundedMs', value } }) };
    }
    case 'at_least': {
      const seen = parseToken(writeToken);
      return {
        anyReplica: true,
        of(shardId) {
          const value = seen.get(shardId);
          return value === undefined ? undefined : { level: { $case: 'atLeast', value } };
        },
      };
    }
    default:
      throw VectronError.invalid(
        'consistency.level',
        `level must be any, bounded, at_least or linearizable, not ${JSON.stringify(level)}`,
      );
  }
}

/** Names the writes with these log indexes, for a read that must see them. */
export function writeToken(writes: Iterable<{ readonly shardId: number; readonly logIndex: bigint }>): string {
  return ['v1', ...Array.from(writes, ({ shardId, logIndex }) => `${shardId}-${logIndex}`)].join('.');
}

/** Several tokens as one: a read with it sees all those writes. */
export function mergeTokens(...tokens: string[]): string {
  const newest = new Map<number, bigint>();
  for (const [shardId, logIndex] of tokens.flatMap((token) => [...parseToken(token)])) {
    if (logIndex > (newest.get(shardId) ?? -1n)) newest.set(shardId, logIndex);
  }
  return writeToken(Array.from(newest, ([shardId, logIndex]) => ({ shardId, logIndex })));
}

function parseToken(token: string): Map<number, bigint> {
  const rows = TOKEN.exec(token)?.[1];
  if (rows === undefined)
    throw VectronError.invalid(
      'consistency.write_token',
      'write_token is not a token from the answer of a write; use that token unchanged',
    );
  const parsed = rows
    .slice(1)
    .split('.')
    .map((row) => row.split('-'));
  return new Map(parsed.map(([shardId, index]) => [Number(shardId), BigInt.asUintN(64, BigInt(index))]));
}
