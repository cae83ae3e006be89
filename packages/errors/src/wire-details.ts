import type { ErrorDetails, LostChanges } from './vectron-error.js';

/** The details that travel as the metadata of a google.rpc.ErrorInfo, on every wire. */
export function metadataOf({ retryAfterMs, lost }: ErrorDetails): Record<string, string> {
  return {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: String(retryAfterMs) }),
    ...(lost === undefined
      ? {}
      : {
          cursor: lost.cursor,
          lost: lost.shards.map((one) => `${one.shardId}:${one.firstLogIndex}-${one.lastLogIndex}`).join(),
        }),
  };
}

/** What {@link metadataOf} wrote. */
export function detailsOf(metadata: Readonly<Record<string, string>>): Pick<ErrorDetails, 'retryAfterMs' | 'lost'> {
  const { retryAfterMs, cursor, lost } = metadata;
  return {
    retryAfterMs: retryAfterMs === undefined ? undefined : Number(retryAfterMs),
    lost: cursor === undefined || lost === undefined ? undefined : { cursor, shards: lostShards(lost) },
  };
}

function lostShards(text: string): LostChanges['shards'] {
  return Array.from(text.matchAll(/(\d+):(\d+)-(\d+)/g), ([, shardId, first, last]) => ({
    shardId: Number(shardId),
    firstLogIndex: BigInt(first),
    lastLogIndex: BigInt(last),
  }));
}
