import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect, it } from '@jest/globals';
import { type ErrorCode, VectronError } from '@vectron/errors';
import { RetryInfo, Status } from '@vectron/proto';
import { errorFromStatus, statusFromError } from './status.js';

const refused = (code: ErrorCode, retryAfterMs?: number) =>
  statusFromError(new VectronError(code, 'no', { details: { retryAfterMs } }));

/** Milliseconds of the RetryInfo in a status; undefined: it has none. */
function retryInfoOf({ metadata }: { metadata: Metadata }): number | undefined {
  const { details } = Status.decode(metadata.get('grpc-status-details-bin')[0] as Buffer);
  const info = details.find(({ typeUrl }) => typeUrl === 'type.googleapis.com/google.rpc.RetryInfo');
  if (info === undefined) return undefined;
  const { seconds = 0n, nanos = 0 } = RetryInfo.decode(info.value).retryDelay ?? {};
  return Number(seconds) * 1_000 + nanos / 1_000_000;
}

it('tells when to come back, in RetryInfo and in the trailer, the same number', () => {
  for (const [code, given, told] of [
    ['OVERLOADED', 250, 250],
    ['RATE_LIMITED', 61_001, 61_001],
    ['OVERLOADED', undefined, 1_000],
    ['UNAVAILABLE', undefined, 1_000],
    ['INVALID_ARGUMENT', undefined, undefined],
    ['QUOTA_EXCEEDED', undefined, undefined],
  ] as const) {
    const answer = refused(code, given);
    const trailer = answer.metadata.get('grpc-retry-pushback-ms')[0];
    expect([code, retryInfoOf(answer), trailer]).toEqual([code, told, told === undefined ? undefined : String(told)]);
  }
});

it('reads it from any of the places where a server or a proxy says it', () => {
  const read = (metadata: Metadata) =>
    errorFromStatus({ code: status.RESOURCE_EXHAUSTED, details: 'no', metadata } as ServiceError);
  expect(read(refused('OVERLOADED', 70).metadata)).toMatchObject({ code: 'OVERLOADED', details: { retryAfterMs: 70 } });
  const info = RetryInfo.encode({ retryDelay: { seconds: 1n, nanos: 500_000_000 } }).finish();
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: Buffer.from(info) }];
  const foreign = new Metadata();
  foreign.set('grpc-status-details-bin', Buffer.from(Status.encode({ code: 8, message: 'no', details }).finish()));
  expect(read(foreign)).toMatchObject({ code: 'OVERLOADED', details: { retryAfterMs: 1_500 } });
  const trailer = new Metadata();
  trailer.set('grpc-retry-pushback-ms', '40');
  expect(read(trailer).details.retryAfterMs).toBe(40);
  expect(read(new Metadata()).details.retryAfterMs).toBeUndefined();
});
