import type { ErrorDetails, LostChanges, VectronError } from './vectron-error.js';

/** Refusals of the moment: gRPC codes of which a retry may help. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set(['RESOURCE_EXHAUSTED', 'UNAVAILABLE']);
const RETRY_MS = 1_000;

/**
 * Milliseconds after which who was refused may try again, the same on every wire; undefined: waiting does not help, or
 * nobody knows.
 */
export function retryAfterOf({ details, spec }: VectronError): number | undefined {
  return details.retryAfterMs ?? (spec.retryable && OF_THE_MOMENT.has(spec.grpc) ? RETRY_MS : undefined);
}

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
