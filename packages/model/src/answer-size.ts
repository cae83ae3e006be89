import { VectronError } from '@vectron/errors';
import type { workerData } from '@vectron/proto';
import { decodeDocument } from './document.js';
import { holdsBigInt } from './exact-json.js';

/**
 * Most bytes of a page that has several points, as gRPC carries it: less than the 4 MiB that its clients take in one message
 * unless they are told otherwise. A page ends before the point with which it would have more, and has one point at least.
 */
export const PAGE_BYTES = 4_000_000;
/** Most bytes of the payloads and vectors of an answer that has no pages: less than the 64 MiB of a message, with the rest of it. */
export const ANSWER_BYTES = 60 << 20;
/** Of the payloads and vectors that all shards together give for one answer. */
const ALL_SHARDS_BYTES = 256 << 20;
/** Of each of many shards, at least. */
const LEAST_OF_SHARD = 8 << 20;
/** A page of many shards has about as many points of each: they are asked for twice their part of it. */
const LEAST_PAGE_OF_SHARD = 64 << 10;
/** A byte of JSON text is at most so many on the wire: of a google.protobuf.Struct (a number of one digit in a list), a map and text. */
const WIRE_FACTOR = 9;

/** What one of so many shards may give for a page. */
export const pageBytesOfShard = (shards: number): number =>
  Math.min(PAGE_BYTES, Math.max(LEAST_PAGE_OF_SHARD, Math.ceil((2 * PAGE_BYTES) / shards)));

/** What one of so many shards may give for an answer that has no pages. */
export const answerBytesOfShard = (shards: number): number =>
  Math.min(ANSWER_BYTES, Math.max(LEAST_OF_SHARD, Math.floor(ALL_SHARDS_BYTES / shards)));

/** The points that a page has room for; the first one always. */
export function onePage(points: readonly workerData.PointData[]): number {
  const stored = points.reduce((sum, point) => sum + storedBytes(point), 0);
  if (stored * WIRE_FACTOR <= PAGE_BYTES) return points.length;
  let bytes = 0;
  for (let at = 0; at < points.length; at++) {
    bytes += storedBytes(points[at]) + documentBytes(points[at].payload);
    if (bytes > PAGE_BYTES && at > 0) return at;
  }
  return points.length;
}

/** Throws ANSWER_TOO_LARGE. */
export function checkAnswerBytes(hits: readonly Pick<workerData.Hit, 'payload' | 'vector'>[]): void {
  const bytes = hits.reduce((sum, { payload, vector }) => sum + payload.length + vector.length, 0);
  if (bytes <= ANSWER_BYTES) return;
  throw new VectronError(
    'ANSWER_TOO_LARGE',
    `the answer would have more than ${ANSWER_BYTES} bytes: request fewer points (top_k), or no payloads (include_metadata: false) and get the points that you need by their ids`,
  );
}

/** With some for what frames the parts; the payload as a map of its fields, each as text. */
function storedBytes({ id, vector, vectors, sparse, payload }: workerData.PointData): number {
  const named = vectors.reduce((sum, one) => sum + one.name.length + one.vector.length + 16, 0);
  const few = sparse.reduce((sum, one) => sum + one.name.length + 9 * one.indices.length + 16, 0);
  return 64 + 3 * id.length + vector.length + named + few + payload.length;
}

/** Of the payload as a google.protobuf.Struct, and as text where that cannot hold it. */
function documentBytes(payload: Buffer): number {
  const document = decodeDocument(payload);
  return valueBytes(document) + (holdsBigInt(document) ? payload.length : 0);
}

const lengthBytes = (length: number): number => (length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : 5);
const framed = (bytes: number): number => 1 + lengthBytes(bytes) + bytes;

/** Of a google.protobuf.Value. */
function valueBytes(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'bigint') return 9;
  if (typeof value === 'string') return framed(Buffer.byteLength(value));
  if (value === null || typeof value !== 'object') return 2;
  const items = Array.isArray(value)
    ? value.map((item) => framed(valueBytes(item)))
    : Object.entries(value).map(([key, item]) => framed(framed(Buffer.byteLength(key)) + framed(valueBytes(item))));
  return framed(items.reduce((sum, bytes) => sum + bytes, 0));
}
